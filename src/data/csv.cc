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

// Reads one row after the other.
class Scanner {
 public:
  Scanner(std::string_view text, std::string_view name, char delimiter)
      : rest_(text), name_(name), delimiter_(delimiter) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
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
  return *std::ranges::max_element(kDelimiters, {}, [&](char delimiter) { return columns_with(delimiter, text); });
}

bool looks_like_header(const std::vector<std::string>& row) {
  const size_t named = row.size() > 1 && row[0].empty() ? 1 : 0;
  return std::none_of(row.begin() + static_cast<ptrdiff_t>(named), row.end(),
                      [](const std::string& cell) { return cell.empty() || parse_number(cell); });
}

Status check_header(const CsvTable& table) {
  std::vector<std::string> names = table.header;
  std::ranges::sort(names);
  auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return {};
  return invalid(fmt::format("{}: two columns are named \"{}\"; rename one", table.name, *twice));
}

// Takes the first row for the names, or makes some. Whether it was the header.
Result<bool> read_header(const std::vector<std::string>& row, const CsvOptions& options, CsvTable& table) {
  const bool header = options.header.value_or(looks_like_header(row));
  for (size_t i = 0; i < row.size(); ++i) {
    table.header.push_back(header && !row[i].empty() ? row[i] : fmt::format("column {}", i + 1));
  }
  table.missing.resize(row.size());
  RETURN_IF_ERROR(check_header(table));
  return header;
}

void make_plain(const CellOptions& options, std::vector<std::string>& row, CsvTable& table) {
  for (size_t i = 0; i < row.size(); ++i) {
    std::string plain = plain_cell(row[i], options);
    if (plain.empty()) ++table.missing[i][row[i]];
    row[i] = std::move(plain);
  }
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
  while (!scanner.at_end()) {
    int64_t line = scanner.line();
    std::vector<std::string> row = TRY(scanner.row());
    if (table.header.empty() && TRY(read_header(row, options, table))) continue;
    if (row.size() != table.header.size()) {
      return invalid(
          fmt::format("{}: line {}: expected {} cells as in the first line, found {}; quote cells that hold the "
                      "delimiter",
                      name, line, table.header.size(), row.size()));
    }
    make_plain(options.cells, row, table);
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
