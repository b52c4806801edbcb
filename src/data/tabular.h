// Tabular data: columns of text, numbers and dates as features and a target. What a column is, is learned from training
// rows.
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

// What stands for a cell that says nothing, of the column's training rows: the mean or the median of numbers (of a
// column of categories nothing does), or the value that is most frequent, the smallest of several.
enum class Missing { mean, median, most_frequent };

enum class Categories {
  one_hot,  // a feature per category, at most 100; none is set where the category was not seen in training
  index,    // one feature for an embedding: the category's place in sorted order from 1, 0 for one that was not seen
};

struct TabularOptions {
  std::string target;             // name of a column; empty: the last one
  std::vector<std::string> drop;  // columns that are no features
  Task task = Task::automatic;    // classification when the target is text or has at most 20 distinct integers
  std::string weight;             // name of a column of sample weights, which is no feature; empty: none
  bool standardize = true;        // scale numbers and dates to mean 0 and deviation 1
  std::vector<std::string> no_standardize;      // except these columns
  std::vector<std::string> categorical;         // columns of numbers that are categories
  Categories categories = Categories::one_hot;  // what categories become
  Missing missing = Missing::mean;
  bool missing_indicator = false;  // a further feature, 0 or 1, for columns in which training rows miss something
};

// How one column becomes features.
struct ColumnEncoding {
  enum class Kind { number, date, one_hot, index };

  std::string name;
  size_t index = 0;  // of the column in the table
  Kind kind = Kind::number;
  std::vector<std::string> categories;  // one_hot: a feature each, 0 or 1; index: one feature, the place from 1
  double mean = 0;                      // of a number's training values
  double deviation = 1;
  double fill = 0;            // stands for a missing number or date
  std::string fill_category;  // stands for a missing category; empty: none does
  bool indicator = false;     // has a further feature: 1 where the cell is missing
  bool standardize = true;
};

// A column is one of numbers, of dates (YYYY-MM-DD, also with a time: THH:MM or blank HH:MM, :SS), which become days
// since 1970-01-01, or of categories.
//
// What the training rows teach. Cells that say nothing are empty (data/cells.h).
struct TabularEncoding {
  std::vector<std::string> header;  // a table must have the same
  std::vector<ColumnEncoding> columns;
  size_t target = 0;
  std::optional<size_t> weight;      // the column of sample weights
  std::vector<std::string> classes;  // sorted (numbers by value); empty: regression
  std::string target_name;
};

// The column called `name`, the last one where it is empty; an error lists the columns.
Result<size_t> target_column(const CsvTable& table, const std::string& name);

// The classes of a target, sorted (numbers by value): of text, and of at most 20 distinct integers, unless `task` says
// otherwise. Empty: it is a number to be told. Error: one class only.
Result<std::vector<std::string>> target_classes(const CsvTable& table, size_t target, Task task);

// Learns from `rows` of the table (classes from all of them). Errors name the column: an unknown one, one without
// values, a text column of more than 100 distinct values, one class only.
Result<TabularEncoding> fit_encoding(const CsvTable& table, std::span<const uint32_t> rows,
                                     const TabularOptions& options);

// Features as float32 [N, features], as the preparation's graph makes them (data/table_front.h); labels as class
// indices [N] or float32 [N, 1]. Errors name the line: a target that is missing, unknown or no number; text in a column
// of numbers.
Result<Dataset> encode(const CsvTable& table, std::span<const uint32_t> rows, const TabularEncoding& encoding,
                       std::string name);

}  // namespace slipway
