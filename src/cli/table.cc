// Widths from the Unicode character database (East Asian Width W and F; general categories Mn, Me, Cf), by blocks.
#include "cli/table.h"

#include <algorithm>
#include <cctype>

#include "base/check.h"

namespace slipway {

namespace {

struct Range {
  char32_t first, last;
};

constexpr Range kZeroWidth[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x0E34, 0x0E3A},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064},
    {0x20D0, 0x20F0}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
};

constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},   {0x2614, 0x2615},
    {0x26A1, 0x26A1},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274C},
    {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF}, {0x20000, 0x2FFFD}, {0x30000, 0x3FFFD},
};

template <size_t n>
bool in(char32_t c, const Range (&ranges)[n]) {
  return std::any_of(ranges, ranges + n, [c](Range r) { return r.first <= c && c <= r.last; });
}

// The character at text[i], moving i past it; a broken sequence yields U+FFFD and moves one byte.
char32_t next_character(std::string_view text, size_t& i) {
  auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  unsigned char lead = byte(i);
  size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
  if (length == 0 || i + length > text.size()) {
    ++i;
    return 0xFFFD;
  }
  char32_t c = length == 1 ? lead : lead & (0x7Fu >> length);
  for (size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) {
      ++i;
      return 0xFFFD;
    }
    c = (c << 6) | (byte(i + k) & 0x3Fu);
  }
  i += length;
  return c;
}

// Past a colour escape that starts at text[i], or i when there is none.
size_t past_escape(std::string_view text, size_t i) {
  if (text.substr(i, 2) != "\x1b[") return i;
  size_t end = text.find('m', i);
  return end == std::string_view::npos ? i : end + 1;
}

bool is_dash(std::string_view cell) { return cell.empty() || cell == "-" || cell == "–" || cell == "—"; }

// A number as people write it: "-1,234", "97.53 %", "≤ 1.35 ×", "4.1e-05", "2 min 5 s", "12:30". Starts with a digit
// after an optional sign; words of at most three letters may follow digits; a dash inside belongs to an exponent, so
// that dates and ranges are words.
bool is_number(std::string_view cell) {
  for (std::string_view sign : {"+", "-", "−", "±", "~", "≈", "<", ">", "≤", "≥", "×"}) {
    if (cell.substr(0, sign.size()) == sign) {
      cell.remove_prefix(sign.size());
      break;
    }
  }
  while (!cell.empty() && cell.front() == ' ') cell.remove_prefix(1);
  if (cell.empty() || !std::isdigit(static_cast<unsigned char>(cell.front()))) return false;
  int letters = 0;
  char32_t before = 0;
  for (size_t i = 0; i < cell.size();) {
    char32_t c = next_character(cell, i);
    bool letter = (c < 0x80 && std::isalpha(static_cast<int>(c))) || c == U'µ';
    letters = letter ? letters + 1 : 0;
    if (letters > 3 || (c == U'-' && before != U'e')) return false;
    before = c;
  }
  return true;
}

void put(std::string& line, std::string_view cell, int width, bool right) {
  std::string padding(static_cast<size_t>(std::max(0, width - display_width(cell))), ' ');
  line += right ? padding + std::string(cell) : std::string(cell) + padding;
}

void end_line(std::string& out, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  for (size_t i = 0; i < text.size();) {
    if (size_t after = past_escape(text, i); after != i) {
      i = after;
      continue;
    }
    char32_t c = next_character(text, i);
    width += in(c, kZeroWidth) ? 0 : in(c, kWide) ? 2 : 1;
  }
  return width;
}

std::string wrap(std::string_view text, int width, int indent) {
  std::string out;
  int column = 0;
  bool first_word = true;
  auto new_line = [&] {
    out += "\n" + std::string(static_cast<size_t>(indent), ' ');
    column = indent;
    first_word = true;
  };
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\n') {
      new_line();
      ++i;
      continue;
    }
    size_t end = std::min(text.find_first_of(" \n", i), text.size());
    std::string_view word = text.substr(i, end - i);
    int space = first_word ? 0 : 1;
    if (!first_word && column + space + display_width(word) > width) {
      new_line();
      space = 0;
    }
    out.append(static_cast<size_t>(space), ' ').append(word);
    column += space + display_width(word);
    first_word = false;
    i = end < text.size() && text[end] == ' ' ? end + 1 : end;
  }
  return out;
}

void Table::add(std::vector<std::string> row) {
  CHECK(row.size() <= header_.size(), "a row with more cells than the table has columns");
  row.resize(header_.size());
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  size_t columns = header_.size();
  std::vector<int> widths(columns);
  std::vector<bool> right(columns);
  int total = columns == 0 ? 0 : 2 * static_cast<int>(columns - 1);
  for (size_t c = 0; c < columns; ++c) {
    widths[c] = display_width(header_[c]);
    bool numbers = false;
    bool words = false;
    for (const auto& row : rows_) {
      widths[c] = std::max(widths[c], display_width(row[c]));
      numbers = numbers || is_number(row[c]);
      words = words || !(is_number(row[c]) || is_dash(row[c]));
    }
    right[c] = numbers && !words;
    total += widths[c];
  }
  std::string rule;
  for (int i = 0; i < total; ++i) rule += "─";
  std::string out;
  auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (size_t c = 0; c < columns; ++c) put(text += c == 0 ? "" : "  ", cells[c], widths[c], right[c]);
    end_line(out, text);
  };
  line(header_);
  end_line(out, rule);
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (std::find(rules_.begin(), rules_.end(), r) != rules_.end()) end_line(out, rule);
    line(rows_[r]);
  }
  return out;
}

std::string table_text(std::vector<std::string> header, const std::vector<std::vector<std::string>>& rows) {
  Table table(std::move(header));
  for (const std::vector<std::string>& row : rows) table.add(row);
  return table.text();
}

}  // namespace slipway
