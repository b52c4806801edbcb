// Table front: what the training rows of a table taught, as the graph that turns a row's values into features.
#pragma once

#include <memory>

#include "data/tabular.h"
#include "formats/preparation.h"

namespace slipway {

// One input per column of `encoding`, [batch]: float32 for numbers (NaN: missing), strings for dates and categories
// ("": missing). One output, float32 [batch, features], called "input".
// Numbers and dates: Imputer, then (x - mean) * (1 / deviation) as Scaler computes it. Categories: LabelEncoder, then
// OneHotEncoder where each is a feature.
Result<Preparation> table_preparation(const TabularEncoding& encoding);

// The names of the features, in order.
std::vector<std::string> feature_names(const TabularEncoding& encoding);

// One value for each of `rows` for every raw input, by the column of its name. Errors name the line and the column: a
// column that is not there, a cell that is no number or date.
Result<std::vector<Tensor>> raw_columns(const CsvTable& table, std::span<const uint32_t> rows,
                                        const std::vector<RawInput>& inputs);

}  // namespace slipway
