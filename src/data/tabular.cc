// Learning what columns are, and turning rows into features.
#include "data/tabular.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "data/table_front.h"
#include "runtime/session.h"
#include "text/date.h"

namespace slipway {

namespace {

constexpr size_t kMostCategories = 100;
constexpr size_t kLeastNumbers = 20;  // distinct values from which on nine numbers in ten make a column of numbers
constexpr size_t kMostNumberedClasses = 20;

bool is_missing(std::string_view cell) { return cell.empty(); }

Result<size_t> find_column(const CsvTable& table, const std::string& name) {
  auto found = std::ranges::find(table.header, name);
  if (found != table.header.end()) return static_cast<size_t>(found - table.header.begin());
  return invalid(
      fmt::format("{}: there is no column \"{}\"{}", table.name, name, did_you_mean(name, table.header, "it has")));
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

// The number that a cell of a column of numbers or dates stands for.
std::optional<double> value_of(const std::string& cell, ColumnEncoding::Kind kind) {
  return kind == ColumnEncoding::Kind::date ? parse_date(cell) : parse_number(cell);
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

// The most frequent of sorted values, the first of several.
template <typename T>
const T& most_frequent(const std::vector<T>& sorted) {
  size_t best = 0, best_count = 0;
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin;
    while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
    if (end - begin > best_count) {
      best_count = end - begin;
      best = begin;
    }
    begin = end;
  }
  return sorted[best];
}

// Mean and deviation of a column of numbers, and what stands for missing ones; a constant column gets deviation 1, so
// that it becomes 0.
void measure(const CsvTable& table, std::span<const uint32_t> rows, Missing missing, ColumnEncoding& column) {
  std::vector<double> values;
  for (uint32_t row : rows) {
    if (std::optional<double> x = value_of(table.rows[row][column.index], column.kind)) values.push_back(*x);
  }
  auto count = static_cast<double>(values.size());
  double squares = 0;
  column.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  for (double x : values) squares += (x - column.mean) * (x - column.mean);
  const auto [least, most] = std::ranges::minmax(values);
  column.deviation = least < most ? std::sqrt(squares / count) : 1;  // rounding gives equal ones a deviation, too
  column.fill = column.mean;
  if (missing == Missing::mean) return;
  std::ranges::sort(values);
  size_t middle = values.size() / 2;
  bool even = values.size() % 2 == 0;
  column.fill = missing == Missing::most_frequent ? most_frequent(values)
                : even                            ? (values[middle - 1] + values[middle]) / 2
                                                  : values[middle];
}

Status fit_categories(const CsvTable& table, std::span<const uint32_t> rows, const std::set<std::string>& values,
                      const TabularOptions& options, ColumnEncoding& column) {
  column.kind = options.categories == Categories::index ? ColumnEncoding::Kind::index : ColumnEncoding::Kind::one_hot;
  if (column.kind == ColumnEncoding::Kind::one_hot && values.size() > kMostCategories) {
    return invalid(
        fmt::format("{}: column \"{}\" is text with {} distinct values, more than {}; drop it, group its values or set "
                    "categories = \"index\"",
                    table.name, column.name, values.size(), kMostCategories));
  }
  column.categories.assign(values.begin(), values.end());
  if (options.missing != Missing::most_frequent) return {};
  std::vector<std::string> cells;
  for (uint32_t row : rows) {
    if (const std::string& cell = table.rows[row][column.index]; !is_missing(cell)) cells.push_back(cell);
  }
  std::ranges::sort(cells);
  column.fill_category = most_frequent(cells);
  return {};
}

Result<ColumnEncoding> fit_column(const CsvTable& table, std::span<const uint32_t> rows, size_t index,
                                  const TabularOptions& options) {
  ColumnEncoding column{.name = table.header[index], .index = index};
  auto among = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, column.name) != names.end();
  };
  std::set<std::string> values = distinct_values(table, rows, index);
  if (values.empty()) {
    return invalid(fmt::format("{}: column \"{}\" has no values to learn from; drop it", table.name, column.name));
  }
  bool dates = std::ranges::all_of(values, [](const std::string& value) { return parse_date(value).has_value(); });
  if ((dates || all_numbers(values)) && !among(options.categorical)) {
    column.kind = dates ? ColumnEncoding::Kind::date : ColumnEncoding::Kind::number;
    column.standardize = options.standardize && !among(options.no_standardize);
    measure(table, rows, options.missing, column);
  } else {
    if (!among(options.categorical)) RETURN_IF_ERROR(refuse_odd_number(table, rows, index, values));
    RETURN_IF_ERROR(fit_categories(table, rows, values, options, column));
  }
  column.indicator = options.missing_indicator &&
                     std::ranges::any_of(rows, [&](uint32_t row) { return is_missing(table.rows[row][index]); });
  return column;
}

// Runs the front over the rows.
Result<Tensor> features_of(const CsvTable& table, std::span<const uint32_t> rows, const Preparation& preparation) {
  constexpr size_t kRows = 4096;  // at a time
  const auto width = static_cast<int64_t>(preparation.features.size());
  const std::vector<RawInput> inputs = raw_inputs(preparation.front);
  std::unique_ptr<Session> session = TRY(Session::create(preparation.front));
  Tensor features(DType::f32, {static_cast<int64_t>(rows.size()), width});
  for (size_t begin = 0; begin < rows.size(); begin += kRows) {
    std::vector<Tensor> raw =
        TRY(raw_columns(table, rows.subspan(begin, std::min(kRows, rows.size() - begin)), inputs));
    std::vector<Tensor> made = TRY(session->run(raw));
    std::ranges::copy(made[0].data<float>(),
                      features.mutable_data<float>().begin() + static_cast<int64_t>(begin) * width);
  }
  return features;
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
  const bool some = std::ranges::any_of(data.weights.data<float>(), [](float weight) { return weight > 0; });
  if (!some && !rows.empty()) {
    return invalid(fmt::format("{}: column \"{}\": every weight is 0; nothing would be learned", table.name,
                               table.header[column]));
  }
  return {};
}

}  // namespace

Result<size_t> target_column(const CsvTable& table, const std::string& name) {
  if (name.empty()) return table.header.size() - 1;
  return find_column(table, name);
}

Result<std::vector<std::string>> target_classes(const CsvTable& table, size_t target, Task task) {
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

Result<TabularEncoding> fit_encoding(const CsvTable& table, std::span<const uint32_t> rows,
                                     const TabularOptions& options) {
  TabularEncoding encoding;
  encoding.header = table.header;
  encoding.target = TRY(target_column(table, options.target));
  encoding.target_name = table.header[encoding.target];
  for (const auto* names : {&options.categorical, &options.no_standardize}) {
    for (const std::string& name : *names) RETURN_IF_ERROR(find_column(table, name).status());
  }
  std::set<size_t> left_out = {encoding.target};
  if (!options.weight.empty()) {
    encoding.weight = TRY(find_column(table, options.weight));
    left_out.insert(*encoding.weight);
  }
  for (const std::string& name : options.drop) left_out.insert(TRY(find_column(table, name)));
  for (size_t i = 0; i < table.header.size(); ++i) {
    if (!left_out.contains(i)) encoding.columns.push_back(TRY(fit_column(table, rows, i, options)));
  }
  if (encoding.columns.empty()) {
    return invalid(fmt::format("{}: expected columns beside the target \"{}\", found none", table.name,
                               table.header[encoding.target]));
  }
  encoding.classes = TRY(target_classes(table, encoding.target, options.task));
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
  data.preparation = std::make_shared<Preparation>(TRY(table_preparation(encoding)));
  data.features = data.preparation->features;
  data.inputs = TRY(features_of(table, rows, *data.preparation));
  RETURN_IF_ERROR(encode_labels(table, rows, encoding, data));
  if (encoding.weight) RETURN_IF_ERROR(encode_weights(table, rows, *encoding.weight, data));
  RETURN_IF_ERROR(check(data));
  return data;
}

}  // namespace slipway
