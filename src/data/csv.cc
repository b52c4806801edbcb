// Scanning CSV.
#include "data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/file.h"
#include "base/gzip.h"
#include "data/charset.h"

namespace slipway {

namespace {

constexpr size_t kSniffedRows = 20;
constexpr std::string_view kDelimiters = ",;\t|";

std::string_view trimmed(std::string_view cell) {
  size_t begin = cell.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return cell.substr(begin, cell.find_last_not_of(" \t") - begin + 1);
}

// The delimiter that Excel's first line "sep=;" says; 0: there is no such line.
char separator_said(std::string_view text) {
  const bool said = text.starts_with("sep=") && text.size() > 5 && (text[5] == '\n' || text[5] == '\r');
  return said ? text[4] : '\0';
}

// Reads one row after the other.
class Scanner {
 public:
  Scanner(std::string_view text, std::string_view name, char delimiter)
      : rest_(text), name_(name), delimiter_(delimiter) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    if (separator_said(rest_) != 0) rest_.remove_prefix(5);
    skip_empty_lines();
  }

  bool at_end() const { return rest_.empty(); }
  int64_t line() const { return line_; }

  // Requires: !at_end().
  Result<std::vector<std::string>> row() {
    std::vector<std::string> cells;
    for (;;) {
      cells.push_back(rest_.starts_with('"') ? TRY(quoted_cell()) : plain_cell());
      if (rest_.empty() || rest_[0] != delimiter_) break;
      rest_.remove_prefix(1);
    }
    skip_empty_lines();
    return cells;
  }

 private:
  std::string plain_cell() {
    const char ends[] = {delimiter_, '\n', '\r'};
    size_t end = std::min(rest_.find_first_of(std::string_view(ends, 3)), rest_.size());
    std::string cell(trimmed(rest_.substr(0, end)));
    rest_.remove_prefix(end);
    return cell;
  }

  Result<std::string> quoted_cell() {
    int64_t begin = line_;
    std::string cell;
    for (size_t from = 1;;) {
      size_t quote = rest_.find('"', from);
      if (quote == std::string_view::npos) {
        return invalid(
            fmt::format("{}: line {}: a quote is opened and never closed; close or double it", name_, begin));
      }
      cell += rest_.substr(from, quote - from);
      from = quote + 1;
      if (from >= rest_.size() || rest_[from] != '"') {
        line_ += std::count(rest_.begin(), rest_.begin() + static_cast<ptrdiff_t>(from), '\n');
        rest_.remove_prefix(from);
        break;
      }
      cell += '"';
      ++from;
    }
    if (rest_.empty() || rest_[0] == delimiter_ || rest_[0] == '\n' || rest_[0] == '\r') return cell;
    return invalid(
        fmt::format("{}: line {}: expected '{}' or the end of the line after a closing quote, found '{}'; double the "
                    "quotes inside quoted text",
                    name_, line_, delimiter_ == '\t' ? std::string("tab") : std::string(1, delimiter_), rest_[0]));
  }

  void skip_empty_lines() {
    while (!rest_.empty() && (rest_[0] == '\n' || rest_[0] == '\r')) {
      line_ += rest_[0] == '\n' ? 1 : 0;
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  std::string_view name_;
  char delimiter_;
  int64_t line_ = 1;
};

// Cells per row when all of the first rows have the same number; 1 when they do not.
size_t columns_with(char delimiter, std::string_view text) {
  Scanner scanner(text, "", delimiter);
  size_t columns = 1;
  for (size_t i = 0; i < kSniffedRows && !scanner.at_end(); ++i) {
    Result<std::vector<std::string>> row = scanner.row();
    if (!row.ok() || (i > 0 && row->size() != columns)) return 1;
    columns = row->size();
  }
  return columns;
}

char sniff_delimiter(std::string_view text) {
  const std::string_view unmarked = text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
  if (const char said = separator_said(unmarked); said != 0) return said;
  return *std::ranges::max_element(kDelimiters, {}, [&](char delimiter) { return columns_with(delimiter, text); });
}

// Whether a number stands below one of the names.
bool names_numbers(const std::vector<std::string>& row, Scanner below) {
  for (size_t i = 0; i < kSniffedRows && !below.at_end(); ++i) {
    Result<std::vector<std::string>> next = below.row();
    if (!next.ok()) return false;
    for (size_t c = 0; c < std::min(row.size(), next->size()); ++c) {
      if (!row[c].empty() && parse_number((*next)[c])) return true;
    }
  }
  return false;
}

// Names are no numbers. Where columns have none (but for the first, of row numbers), what is below has to tell.
bool looks_like_header(const std::vector<std::string>& row, const Scanner& below) {
  if (std::ranges::any_of(row, [](const std::string& cell) { return parse_number(cell).has_value(); })) return false;
  const auto empty = std::ranges::count(row, std::string());
  return empty == 0 || (empty == 1 && row.size() > 1 && row[0].empty()) || names_numbers(row, below);
}

Status check_header(const CsvTable& table) {
  std::vector<std::string> names = table.header;
  std::ranges::sort(names);
  auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return {};
  return invalid(fmt::format("{}: two columns are named \"{}\"; rename one", table.name, *twice));
}

// Takes the first row for the names, or makes some. Whether it was the header.
Result<bool> read_header(const std::vector<std::string>& row, const Scanner& below, const CsvOptions& options,
                         CsvTable& table) {
  const bool header = options.header ? *options.header : looks_like_header(row, below);
  for (size_t i = 0; i < row.size(); ++i) {
    table.header.push_back(header && !row[i].empty() ? row[i] : fmt::format("column {}", i + 1));
  }
  table.missing.resize(row.size());
  RETURN_IF_ERROR(check_header(table));
  return header;
}

// How the cells of a column spell their points where decimal = ",": the lines that first said so; 0: none did.
struct Points {
  int64_t grouped = 0;  // "1.370": between thousands
  int64_t decimal = 0;  // "0.370"
  std::string grouped_cell, decimal_cell;
};

// "1.370" and "0.370" in one column say two things by one sign.
Status check_points(std::string_view cell, std::string_view plain, int64_t line, const std::string& column,
                    const CsvTable& table, Points& points) {
  if (cell.find('.') == std::string_view::npos || cell.find(',') != std::string_view::npos || !parse_number(plain))
    return {};
  auto digits = [](std::string_view text) {
    return std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; });
  };
  const bool grouped = plain.find('.') == std::string_view::npos && digits(plain) == digits(cell);
  (grouped ? points.grouped : points.decimal) = line;
  (grouped ? points.grouped_cell : points.decimal_cell) = cell;
  if (points.grouped == 0 || points.decimal == 0) return {};
  return invalid(fmt::format(
      "{}: column \"{}\": with decimal = \",\" the point of \"{}\" (line {}) stands between thousands, that "
      "of \"{}\" (line {}) does not; spell the numbers in one way, or take decimal = \",\" out",
      table.name, column, points.grouped_cell, points.grouped, points.decimal_cell, points.decimal));
}

Status make_plain(const CellOptions& options, int64_t line, std::vector<Points>& points, std::vector<std::string>& row,
                  CsvTable& table) {
  points.resize(row.size());
  for (size_t i = 0; i < row.size(); ++i) {
    std::string plain = plain_cell(row[i], options);
    if (options.decimal == ',') {
      RETURN_IF_ERROR(check_points(row[i], plain, line, table.header[i], table, points[i]));
    }
    if (plain.empty()) ++table.missing[i][row[i]];
    row[i] = std::move(plain);
  }
  return {};
}

}  // namespace

std::optional<double> parse_number(std::string_view cell) {
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

Result<CsvTable> parse_csv(std::string_view text, std::string_view name, const CsvOptions& options) {
  CsvTable table;
  table.name = name;
  table.delimiter = options.delimiter != 0 ? options.delimiter : sniff_delimiter(text);
  Scanner scanner(text, name, table.delimiter);
  std::vector<Points> points;
  while (!scanner.at_end()) {
    int64_t line = scanner.line();
    std::vector<std::string> row = TRY(scanner.row());
    if (table.header.empty() && TRY(read_header(row, scanner, options, table))) continue;
    if (row.size() != table.header.size()) {
      return invalid(
          fmt::format("{}: line {}: expected {} cells as in the first line, found {}; quote cells that hold the "
                      "delimiter",
                      name, line, table.header.size(), row.size()));
    }
    RETURN_IF_ERROR(make_plain(options.cells, line, points, row, table));
    table.rows.push_back(std::move(row));
    table.lines.push_back(line);
  }
  if (table.rows.empty())
    return invalid(fmt::format("{}: expected rows of data{}, found none; check the path and that the export was whole",
                               name, table.header.empty() ? "" : " below the header"));
  return table;
}

Result<CsvTable> load_csv(const std::filesystem::path& path, const CsvOptions& options) {
  std::string text = TRY(read_file(path));
  if (is_gzip(text)) text = TRY(gunzip(text, path.string()));
  text = TRY(to_utf8(text, options.encoding, path.string()));
  return parse_csv(text, path.string(), options);
}

Json to_json(const CsvOptions& options) {
  Json json = to_json(options.cells);
  if (options.delimiter != 0) json.set("delimiter", std::string(1, options.delimiter));
  if (options.header) json.set("header", *options.header);
  if (options.encoding != CsvOptions{}.encoding) json.set("encoding", options.encoding);
  return json;
}

CsvOptions csv_options(const Json& json) {
  CsvOptions options;
  options.cells = cell_options(json);
  const std::string& delimiter = json["delimiter"].as_string();
  if (!delimiter.empty()) options.delimiter = delimiter[0];
  if (json["header"].is_bool()) options.header = json["header"].as_bool();
  if (json["encoding"].is_string()) options.encoding = json["encoding"].as_string();
  return options;
}

}  // namespace slipway
