// Tabular data: columns of text and numbers as features and a target. What a column is, is learned from training rows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/csv.h"
#include "data/dataset.h"

namespace slipway {

enum class Task { automatic, classification, regression };

struct TabularOptions {
  std::string target;             // name of a column; empty: the last one
  std::vector<std::string> drop;  // columns that are no features
  Task task = Task::automatic;    // classification when the target is text or has at most 20 distinct integers
  std::string weight;             // name of a column of sample weights, which is no feature; empty: none
  bool standardize = true;        // scale numbers to mean 0 and deviation 1
};

// How one column becomes features.
struct ColumnEncoding {
  std::string name;
  size_t index = 0;                     // of the column in the table
  std::vector<std::string> categories;  // one feature each, 0 or 1; empty: a number
  double mean = 0;                      // of a number's training values; stands for missing ones
  double deviation = 1;
};

// What the training rows teach. Cells that say nothing: empty, "?", "NA", "N/A", "NaN" and "null" in any case.
struct TabularEncoding {
  std::vector<std::string> header;  // a table must have the same
  std::vector<ColumnEncoding> columns;
  size_t target = 0;
  std::optional<size_t> weight;      // the column of sample weights
  std::vector<std::string> classes;  // sorted (numbers by value); empty: regression
  bool standardize = true;
};

// Learns from `rows` of the table (classes from all of them). Errors name the column: an unknown one, one without
// values, a text column of more than 100 distinct values, one class only.
Result<TabularEncoding> fit_encoding(const CsvTable& table, std::span<const uint32_t> rows,
                                     const TabularOptions& options);

// Features as float32 [N, features], unscaled, the scaling beside; labels as class indices [N] or float32 [N, 1].
// A missing number becomes the training mean; a missing or unknown category has no feature set.
// Errors name the line: a target that is missing, unknown or no number; text in a column of numbers.
Result<Dataset> encode(const CsvTable& table, std::span<const uint32_t> rows, const TabularEncoding& encoding,
                       std::string name);

}  // namespace slipway
