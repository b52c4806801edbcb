// Table front: the columns of a table as nodes.
#include "data/table_front.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "text/date.h"

namespace slipway {

namespace {

constexpr const char* kMl = "ai.onnx.ml";

class FrontBuilder {
 public:
  explicit FrontBuilder(Graph& graph) : b_(graph, all_operators(), "prepare/"), last_(b_.ints({1})) {}

  void add(const ColumnEncoding& column) {
    using Kind = ColumnEncoding::Kind;
    const bool number = column.kind == Kind::number;
    ValueId raw = b_.graph().add_input(column.name, number ? DType::f32 : DType::string, Dims{Dim::named("batch")});
    ValueId missing;
    if (number || column.kind == Kind::date) {
      ValueId x = number ? raw : b_.op("ParseDate", {raw}, {}, kDataDomain);
      group_.push_back({b_.op("Unsqueeze", {x, last_}), column});
      if (column.indicator) missing = b_.op("Cast", {b_.op("IsNaN", {x})}, {{"to", static_cast<int64_t>(DType::f32)}});
    } else {
      end_group();
      blocks_.push_back(categories(raw, column));
      if (column.indicator) {
        missing = b_.op("LabelEncoder", {raw},
                        {{"keys_strings", std::vector<std::string>{""}},
                         {"values_floats", std::vector<float>{1}},
                         {"default_float", 0.f}},
                        kMl);
      }
    }
    if (!missing.valid()) return;
    end_group();
    blocks_.push_back(b_.op("Unsqueeze", {missing, last_}));
  }

  Status finish() {
    end_group();
    ValueId all = joined(blocks_);
    RETURN_IF_ERROR(b_.status());
    b_.graph().outputs = {all};
    return {};
  }

 private:
  struct Number {
    ValueId x;  // [batch, 1]
    ColumnEncoding column;
  };

  ValueId joined(const Values& parts) {
    return parts.size() == 1 ? parts[0] : b_.op("Concat", parts, {{"axis", int64_t{1}}});
  }

  // Neighbouring columns of numbers go through their nodes together.
  void end_group() {
    if (group_.empty()) return;
    Values parts;
    std::vector<float> fills, offsets, scales;
    bool scaled = false;
    for (const Number& number : group_) {
      const ColumnEncoding& column = number.column;
      parts.push_back(number.x);
      fills.push_back(static_cast<float>(column.fill));
      offsets.push_back(column.standardize ? static_cast<float>(column.mean) : 0.f);
      scales.push_back(column.standardize ? static_cast<float>(1 / column.deviation) : 1.f);
      scaled = scaled || column.standardize;
    }
    ValueId x = b_.op("Imputer", {joined(parts)},
                      {{"imputed_value_floats", fills}, {"replaced_value_float", std::nanf("")}}, kMl);
    blocks_.push_back(scaled ? b_.op("Scaler", {x}, {{"offset", offsets}, {"scale", scales}}, kMl) : x);
    group_.clear();
  }

  // [batch, categories], or [batch, 1] where the category's place is the feature.
  ValueId categories(ValueId raw, const ColumnEncoding& column) {
    std::vector<std::string> keys = column.categories;
    std::vector<int64_t> places(keys.size());
    std::iota(places.begin(), places.end(), int64_t{0});
    if (!column.fill_category.empty()) {
      keys.emplace_back();
      places.push_back(std::ranges::lower_bound(column.categories, column.fill_category) - column.categories.begin());
    }
    if (column.kind == ColumnEncoding::Kind::index) {
      std::vector<float> values;
      for (int64_t place : places) values.push_back(static_cast<float>(place + 1));
      ValueId at = b_.op("LabelEncoder", {raw},
                         {{"keys_strings", keys}, {"values_floats", values}, {"default_float", 0.f}}, kMl);
      return b_.op("Unsqueeze", {at, last_});
    }
    ValueId at = b_.op("LabelEncoder", {raw},
                       {{"keys_strings", keys}, {"values_int64s", places}, {"default_int64", int64_t{-1}}}, kMl);
    places.resize(column.categories.size());
    return b_.op("OneHotEncoder", {at}, {{"cats_int64s", places}}, kMl);
  }

  Builder b_;
  ValueId last_;
  std::vector<Number> group_;
  Values blocks_;
};

Status wrong_cell(const CsvTable& table, uint32_t row, size_t column, std::string_view expected) {
  return invalid(fmt::format("{}: line {}: column \"{}\": expected {}, found \"{}\"; mend the cell or drop the column",
                             table.name, table.lines[row], table.header[column], expected, table.rows[row][column]));
}

Result<Tensor> raw_column(const CsvTable& table, std::span<const uint32_t> rows, size_t column, RawInput::Kind kind) {
  const bool number = kind == RawInput::Kind::number;
  Tensor x(number ? DType::f32 : DType::string, {static_cast<int64_t>(rows.size())});
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string& cell = table.rows[rows[i]][column];
    const bool missing = cell.empty();
    if (!number) {
      if (!missing) x.mutable_data<std::string>()[i] = cell;
      if (kind == RawInput::Kind::date && !missing && !parse_date(cell)) {
        return wrong_cell(table, rows[i], column, "a date as in the training rows");
      }
      continue;
    }
    std::optional<double> value = missing ? std::nullopt : parse_number(cell);
    if (!value && !missing) return wrong_cell(table, rows[i], column, "a number as in the training rows");
    x.mutable_data<float>()[i] = value ? static_cast<float>(*value) : std::nanf("");
    if (std::isinf(x.data<float>()[i])) return wrong_cell(table, rows[i], column, "a number that float32 can hold");
  }
  return x;
}

}  // namespace

Result<Preparation> table_preparation(const TabularEncoding& encoding) {
  Preparation preparation;
  preparation.kind = "table";
  preparation.task = encoding.classes.empty() ? "regression" : "classification";
  preparation.classes = encoding.classes;
  preparation.targets = {encoding.target_name};
  preparation.features = feature_names(encoding);
  preparation.tensors = {"input"};
  FrontBuilder builder(preparation.front);
  for (const ColumnEncoding& column : encoding.columns) builder.add(column);
  RETURN_IF_ERROR(builder.finish());
  return preparation;
}

std::vector<std::string> feature_names(const TabularEncoding& encoding) {
  std::vector<std::string> names;
  for (const ColumnEncoding& column : encoding.columns) {
    if (column.kind == ColumnEncoding::Kind::one_hot) {
      for (const std::string& category : column.categories) names.push_back(column.name + "=" + category);
    } else {
      names.push_back(column.name);
    }
    if (column.indicator) names.push_back(column.name + " missing");
  }
  return names;
}

Result<std::vector<Tensor>> raw_columns(const CsvTable& table, std::span<const uint32_t> rows,
                                        const std::vector<RawInput>& inputs) {
  std::vector<Tensor> columns;
  for (const RawInput& input : inputs) {
    auto found = std::ranges::find(table.header, input.name);
    if (found == table.header.end()) {
      return invalid(fmt::format("{}: there is no column \"{}\"{}", table.name, input.name,
                                 did_you_mean(input.name, table.header, "it has")));
    }
    columns.push_back(TRY(raw_column(table, rows, static_cast<size_t>(found - table.header.begin()), input.kind)));
  }
  return columns;
}

}  // namespace slipway
