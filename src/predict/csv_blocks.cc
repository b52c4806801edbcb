// Cutting a file where rows end.
#include "predict/csv_blocks.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include <fmt/format.h>

#include "base/file.h"
#include "base/gzip.h"
#include "data/charset.h"

namespace slipway {

namespace {

constexpr size_t kBlock = size_t{1} << 20;
constexpr size_t kLongestRow = size_t{1} << 28;

// In UTF-16 the byte of a line's end may be half of another letter.
bool is_utf16(std::string_view begin, std::string encoding) {
  std::ranges::transform(encoding, encoding.begin(), [](unsigned char c) { return std::tolower(c); });
  return encoding == "utf-16" || begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF");
}

}  // namespace

size_t end_of_rows(std::string_view text, char delimiter) {
  size_t end = 0;
  bool quoted = false, begins = true;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') continue;
      const bool doubled = i + 1 < text.size() && text[i + 1] == '"';
      if (doubled) ++i;
      quoted = doubled;
      continue;
    }
    quoted = begins && c == '"';
    begins = c == '\n' || c == '\r' ||
             (delimiter != 0 ? c == delimiter : std::string_view(",;\t|").find(c) != std::string_view::npos);
    if (c == '\n') end = i + 1;
  }
  return end;
}

Result<CsvBlocks> CsvBlocks::open(const std::filesystem::path& path, const CsvOptions& options) {
  CsvBlocks blocks;
  blocks.options_ = options;
  blocks.name_ = path.string();
  blocks.file_.open(path, std::ios::binary);
  std::string& begin = blocks.rest_;  // a pipe is not read twice
  begin.resize(2);
  blocks.file_.read(begin.data(), 2);
  begin.resize(static_cast<size_t>(blocks.file_.gcount()));
  blocks.done_ = blocks.file_.eof();
  if (!blocks.file_ && !blocks.done_) {
    TRY(read_file(path));  // says why
    return data_loss(fmt::format("{}: reading failed", path.string()));
  }
  if (!is_gzip(begin) && !is_utf16(begin, options.encoding)) return blocks;
  begin.append(std::istreambuf_iterator<char>(blocks.file_), std::istreambuf_iterator<char>());
  blocks.done_ = true;
  if (is_gzip(begin)) begin = TRY(gunzip(begin, path.string()));
  return blocks;
}

Result<std::string> CsvBlocks::next_text() {
  while (!done_) {
    const size_t before = rest_.size();
    rest_.resize(before + kBlock);
    file_.read(rest_.data() + before, static_cast<std::streamsize>(kBlock));
    rest_.resize(before + static_cast<size_t>(file_.gcount()));
    if (file_.fail() && !file_.eof()) return data_loss(fmt::format("{}: reading failed", name_));
    done_ = file_.eof();
    size_t end = done_ ? rest_.size() : end_of_rows(rest_, options_.delimiter);
    if (end == 0 && rest_.size() > kLongestRow) {
      return invalid(
          fmt::format("{}: line {}: a row goes on for {} bytes; close its quote", name_, lines_ + 1, rest_.size()));
    }
    if (end == 0) continue;
    std::string text = rest_.substr(0, end);
    rest_.erase(0, end);
    return text;
  }
  return std::exchange(rest_, {});
}

Result<CsvTable> CsvBlocks::next() {
  CsvTable none;
  none.name = name_;
  none.header = header_;
  for (;;) {
    std::string text = TRY(next_text());
    if (text.find_first_not_of("\r\n") == std::string::npos) {
      if (text.empty()) return none;
      lines_ += std::ranges::count(text, '\n');
      continue;
    }
    Result<std::string> plain = to_utf8(text, options_.encoding, name_);
    Result<CsvTable> table = plain.ok() ? parse_csv(*plain, name_, options_) : plain.status();
    if (!table.ok()) return lines_ == 0 ? table.status() : table.status().at(fmt::format("after line {}", lines_));
    if (!begun_) {
      begun_ = true;
      header_ = table->header;
      options_.delimiter = table->delimiter;
      options_.header = false;
    }
    if (table->header.size() != header_.size()) {
      return invalid(fmt::format("{}: line {}: expected {} cells as in the first line, found {}", name_, lines_ + 1,
                                 header_.size(), table->header.size()));
    }
    table->header = header_;
    for (int64_t& line : table->lines) line += lines_;
    lines_ += std::ranges::count(*plain, '\n');
    return table;
  }
}

}  // namespace slipway
