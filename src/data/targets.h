// Targets: what a table asks to be told when it is more than one column: several numbers, or several labels at once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/csv.h"
#include "tensor/tensor.h"

namespace slipway {

struct TargetOptions {
  std::vector<std::string> columns;  // two or more; or one, whose cells are lists of labels:
  std::string separator;             // between the labels of a cell ("a|b|c"); empty: cells are no lists

  bool several() const { return columns.size() > 1 || !separator.empty(); }
};

struct TargetEncoding {
  std::vector<std::string> columns;
  std::string separator;
  std::vector<std::string> labels;  // 0 or 1 each: the columns, or the words of the lists, sorted; empty: numbers

  int64_t width() const { return static_cast<int64_t>(labels.empty() ? columns.size() : labels.size()); }
};

// Columns of 0 and 1 (or of false and true, no and yes) are labels, other numbers are numbers. Errors name the column:
// one that is not there, text, fewer than 2 words in all lists. Requires: options.several().
Result<TargetEncoding> fit_targets(const CsvTable& table, const TargetOptions& options);

// float32 [rows, width]; an empty list has no label. Errors name the line: a cell that is missing or no number, a word
// that is none of the labels.
Result<Tensor> encode_targets(const CsvTable& table, std::span<const uint32_t> rows, const TargetEncoding& encoding);

// {"columns", "separator", "labels"}
Json to_json(const TargetEncoding& encoding);
TargetEncoding target_encoding(const Json& json);

}  // namespace slipway
