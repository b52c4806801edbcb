// Learning what columns are, and turning rows into features.
#include "data/tabular.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slipway {

namespace {

constexpr size_t kMostCategories = 100;
constexpr size_t kLeastNumbers = 20;  // distinct values from which on nine numbers in ten make a column of numbers
constexpr size_t kMostNumberedClasses = 20;

bool is_missing(std::string_view cell) {
  constexpr std::string_view kWords[] = {"", "?", "na", "n/a", "nan", "null"};
  std::string lower(cell);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::ranges::find(kWords, lower) != std::end(kWords);
}

Result<size_t> find_column(const CsvTable& table, const std::string& name) {
  auto found = std::ranges::find(table.header, name);
  if (found != table.header.end()) return static_cast<size_t>(found - table.header.begin());
  return invalid(
      fmt::format("{}: there is no column \"{}\"; it has {}", table.name, name, fmt::join(table.header, ", ")));
}

// The distinct values of a column in `rows`, missing ones left out.
std::set<std::string> distinct_values(const CsvTable& table, std::span<const uint32_t> rows, size_t column) {
  std::set<std::string> values;
  for (uint32_t row : rows) {
    if (const std::string& cell = table.rows[row][column]; !is_missing(cell)) values.insert(cell);
  }
  return values;
}

bool all_numbers(const std::set<std::string>& values) {
  return std::ranges::all_of(values, [](const std::string& value) { return parse_number(value).has_value(); });
}

bool all_integers(const std::set<std::string>& values) {
  return std::ranges::all_of(values, [](const std::string& value) {
    std::optional<double> number = parse_number(value);
    return number && *number == std::floor(*number);
  });
}

// Mean and deviation of a column of numbers; a constant column gets deviation 1, so that it becomes 0.
void measure(const CsvTable& table, std::span<const uint32_t> rows, ColumnEncoding& column) {
  double count = 0, sum = 0, squares = 0;
  for (uint32_t row : rows) {
    if (std::optional<double> x = parse_number(table.rows[row][column.index])) {
      ++count;
      sum += *x;
    }
  }
  column.mean = sum / count;
  for (uint32_t row : rows) {
    if (std::optional<double> x = parse_number(table.rows[row][column.index]))
      squares += (*x - column.mean) * (*x - column.mean);
  }
  column.deviation = squares > 0 ? std::sqrt(squares / count) : 1;
}

Status wrong_cell(const CsvTable& table, uint32_t row, size_t column, std::string_view expected) {
  return invalid(fmt::format("{}: line {}: column \"{}\": expected {}, found \"{}\"; mend the cell or drop the column",
                             table.name, table.lines[row], table.header[column], expected, table.rows[row][column]));
}

// Whether the cell spells a number that is too large for one, or an infinite one.
bool is_infinite(const std::string& cell) {
  char* end = nullptr;
  double value = std::strtod(cell.c_str(), &end);
  return !cell.empty() && *end == '\0' && std::isinf(value);
}

// A column of many numbers with a few other cells is no text column, but one with mistakes.
Status refuse_odd_number(const CsvTable& table, std::span<const uint32_t> rows, size_t column,
                         const std::set<std::string>& values) {
  auto numbers = static_cast<size_t>(
      std::ranges::count_if(values, [](const std::string& value) { return parse_number(value).has_value(); }));
  bool numeric = values.size() >= kLeastNumbers && numbers * 10 >= values.size() * 9;
  for (uint32_t row : rows) {
    const std::string& cell = table.rows[row][column];
    if (is_missing(cell) || parse_number(cell)) continue;
    if (is_infinite(cell)) return wrong_cell(table, row, column, "a finite number");
    if (numeric) return wrong_cell(table, row, column, "a number as in most rows");
  }
  return {};
}

Result<ColumnEncoding> fit_column(const CsvTable& table, std::span<const uint32_t> rows, size_t index) {
  ColumnEncoding column{.name = table.header[index], .index = index};
  std::set<std::string> values = distinct_values(table, rows, index);
  if (values.empty()) {
    return invalid(fmt::format("{}: column \"{}\" has no values to learn from; drop it", table.name, column.name));
  }
  if (all_numbers(values)) {
    measure(table, rows, column);
    return column;
  }
  RETURN_IF_ERROR(refuse_odd_number(table, rows, index, values));
  if (values.size() > kMostCategories) {
    return invalid(
        fmt::format("{}: column \"{}\" is text with {} distinct values, more than {}; drop it or group its values",
                    table.name, column.name, values.size(), kMostCategories));
  }
  column.categories.assign(values.begin(), values.end());
  return column;
}

Result<std::vector<std::string>> fit_classes(const CsvTable& table, size_t target, Task task) {
  std::vector<uint32_t> rows(table.rows.size());
  for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
  std::set<std::string> values = distinct_values(table, rows, target);
  bool numbers = all_numbers(values);
  bool classes =
      task == Task::classification || !numbers || (all_integers(values) && values.size() <= kMostNumberedClasses);
  if (task == Task::regression || !classes) return std::vector<std::string>();
  if (values.size() < 2) {
    return invalid(fmt::format("{}: target \"{}\": expected at least 2 classes, found {}", table.name,
                               table.header[target], values.size()));
  }
  std::vector<std::string> sorted(values.begin(), values.end());
  if (numbers) std::ranges::stable_sort(sorted, {}, [](const std::string& value) { return *parse_number(value); });
  return sorted;
}

// Writes the features of one cell and moves `to` behind them.
Status encode_cell(const CsvTable& table, uint32_t row, const ColumnEncoding& column, float*& to) {
  const std::string& cell = table.rows[row][column.index];
  if (!column.categories.empty()) {
    auto category = std::ranges::find(column.categories, cell);
    if (category != column.categories.end()) to[category - column.categories.begin()] = 1;
    to += column.categories.size();
    return {};
  }
  std::optional<double> number = parse_number(cell);
  if (!number && !is_missing(cell)) return wrong_cell(table, row, column.index, "a number as in the training rows");
  *to++ = static_cast<float>(number.value_or(column.mean));
  return {};
}

void add_features(const TabularEncoding& encoding, Dataset& data) {
  data.scaling = {};
  data.scaling.scale.clear();
  data.scaling.offset.clear();
  for (const ColumnEncoding& column : encoding.columns) {
    for (const std::string& category : column.categories) {
      data.features.push_back(column.name + "=" + category);
      data.scaling.scale.push_back(1);
      data.scaling.offset.push_back(0);
    }
    if (!column.categories.empty()) continue;
    data.features.push_back(column.name);
    data.scaling.scale.push_back(encoding.standardize ? static_cast<float>(1 / column.deviation) : 1);
    data.scaling.offset.push_back(encoding.standardize ? static_cast<float>(-column.mean / column.deviation) : 0);
  }
}

Status encode_labels(const CsvTable& table, std::span<const uint32_t> rows, const TabularEncoding& encoding,
                     Dataset& data) {
  auto n = static_cast<int64_t>(rows.size());
  data.labels = encoding.classes.empty() ? Tensor(DType::f32, {n, 1}) : Tensor(DType::i64, {n});
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string& cell = table.rows[rows[i]][encoding.target];
    if (encoding.classes.empty()) {
      std::optional<double> number = parse_number(cell);
      if (!number) return wrong_cell(table, rows[i], encoding.target, "a number as target");
      data.labels.mutable_data<float>()[i] = static_cast<float>(*number);
      continue;
    }
    auto found = std::ranges::find(encoding.classes, cell);
    if (found == encoding.classes.end()) {
      return wrong_cell(table, rows[i], encoding.target, fmt::format("one of {}", fmt::join(encoding.classes, ", ")));
    }
    data.labels.mutable_data<int64_t>()[i] = found - encoding.classes.begin();
  }
  return {};
}

Status encode_weights(const CsvTable& table, std::span<const uint32_t> rows, size_t column, Dataset& data) {
  data.weights = Tensor(DType::f32, {static_cast<int64_t>(rows.size())});
  for (size_t i = 0; i < rows.size(); ++i) {
    std::optional<double> number = parse_number(table.rows[rows[i]][column]);
    if (!number || *number < 0) return wrong_cell(table, rows[i], column, "a number of at least 0 as weight");
    data.weights.mutable_data<float>()[i] = static_cast<float>(*number);
  }
  return {};
}

}  // namespace

Result<TabularEncoding> fit_encoding(const CsvTable& table, std::span<const uint32_t> rows,
                                     const TabularOptions& options) {
  TabularEncoding encoding;
  encoding.header = table.header;
  encoding.standardize = options.standardize;
  encoding.target = options.target.empty() ? table.header.size() - 1 : TRY(find_column(table, options.target));
  std::set<size_t> left_out = {encoding.target};
  if (!options.weight.empty()) {
    encoding.weight = TRY(find_column(table, options.weight));
    left_out.insert(*encoding.weight);
  }
  for (const std::string& name : options.drop) left_out.insert(TRY(find_column(table, name)));
  for (size_t i = 0; i < table.header.size(); ++i) {
    if (!left_out.contains(i)) encoding.columns.push_back(TRY(fit_column(table, rows, i)));
  }
  if (encoding.columns.empty()) {
    return invalid(fmt::format("{}: expected columns beside the target \"{}\", found none", table.name,
                               table.header[encoding.target]));
  }
  encoding.classes = TRY(fit_classes(table, encoding.target, options.task));
  return encoding;
}

Result<Dataset> encode(const CsvTable& table, std::span<const uint32_t> rows, const TabularEncoding& encoding,
                       std::string name) {
  if (table.header != encoding.header) {
    return invalid(fmt::format("{}: expected the columns {}; found {}", table.name, fmt::join(encoding.header, ", "),
                               fmt::join(table.header, ", ")));
  }
  Dataset data;
  data.name = std::move(name);
  data.classes = encoding.classes;
  add_features(encoding, data);
  data.inputs = Tensor(DType::f32, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(data.features.size())});
  float* to = data.inputs.mutable_data<float>().data();
  for (uint32_t row : rows) {
    for (const ColumnEncoding& column : encoding.columns) RETURN_IF_ERROR(encode_cell(table, row, column, to));
  }
  RETURN_IF_ERROR(encode_labels(table, rows, encoding, data));
  if (encoding.weight) RETURN_IF_ERROR(encode_weights(table, rows, *encoding.weight, data));
  RETURN_IF_ERROR(check(data));
  return data;
}

}  // namespace slipway
