// Learning what columns are, and turning rows into features.
#include "data/tabular.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "text/date.h"

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
  column.deviation = squares > 0 ? std::sqrt(squares / count) : 1;
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
  using Kind = ColumnEncoding::Kind;
  const std::string& cell = table.rows[row][column.index];
  bool missing = is_missing(cell);
  if (column.kind == Kind::number || column.kind == Kind::date) {
    std::optional<double> number = value_of(cell, column.kind);
    if (!number && !missing) {
      return wrong_cell(
          table, row, column.index,
          column.kind == Kind::date ? "a date as in the training rows" : "a number as in the training rows");
    }
    *to++ = static_cast<float>(number.value_or(column.fill));
  } else {
    const std::string& meant = missing ? column.fill_category : cell;
    auto category = std::ranges::lower_bound(column.categories, meant);
    bool known = category != column.categories.end() && *category == meant;
    auto place = category - column.categories.begin();
    if (column.kind == Kind::index) {
      *to++ = known ? static_cast<float>(place + 1) : 0.f;
    } else {
      if (known) to[place] = 1;
      to += column.categories.size();
    }
  }
  if (column.indicator) *to++ = missing ? 1.f : 0.f;
  return {};
}

void add_feature(std::string name, double scale, double offset, Dataset& data) {
  data.features.push_back(std::move(name));
  data.scaling.scale.push_back(static_cast<float>(scale));
  data.scaling.offset.push_back(static_cast<float>(offset));
}

void add_features(const TabularEncoding& encoding, Dataset& data) {
  data.scaling = {.scale = {}, .offset = {}};
  for (const ColumnEncoding& column : encoding.columns) {
    if (column.kind == ColumnEncoding::Kind::one_hot) {
      for (const std::string& category : column.categories) add_feature(column.name + "=" + category, 1, 0, data);
    } else {
      bool scaled = column.kind != ColumnEncoding::Kind::index && column.standardize;
      double scale = scaled ? 1 / column.deviation : 1;
      add_feature(column.name, scale, scaled ? -column.mean * scale : 0, data);
    }
    if (column.indicator) add_feature(column.name + " missing", 1, 0, data);
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

std::string_view kind_name(ColumnEncoding::Kind kind) {
  switch (kind) {
    case ColumnEncoding::Kind::number: return "number";
    case ColumnEncoding::Kind::date: return "date";
    case ColumnEncoding::Kind::one_hot: return "one_hot";
    case ColumnEncoding::Kind::index: return "index";
  }
  CHECK(false, "a kind of column without a name");
}

}  // namespace

Json to_json(const TabularEncoding& encoding) {
  Json columns = Json::array();
  for (const ColumnEncoding& column : encoding.columns) {
    Json json = Json::object({{"name", column.name}, {"type", kind_name(column.kind)}});
    if (column.categories.empty()) {
      json.set("fill", column.fill);
      json.set("mean", column.standardize ? column.mean : 0)
          .set("deviation", column.standardize ? column.deviation : 1);
    } else {
      json.set("categories", Json::array_of(column.categories));
      if (!column.fill_category.empty()) json.set("fill", column.fill_category);
    }
    if (column.indicator) json.set("indicator", true);
    columns.push(json);
  }
  return Json::object({{"kind", "table"},
                       {"columns", columns},
                       {"target", encoding.target_name},
                       {"classes", Json::array_of(encoding.classes)}});
}

Result<TabularEncoding> fit_encoding(const CsvTable& table, std::span<const uint32_t> rows,
                                     const TabularOptions& options) {
  TabularEncoding encoding;
  encoding.header = table.header;
  encoding.target = options.target.empty() ? table.header.size() - 1 : TRY(find_column(table, options.target));
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
  data.preparation = to_json(encoding);
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
