// Partition: which rows are held out: drawn at random, class by class, by group, or the last ones in time. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace slipway {

// How examples are held out.
enum class SplitBy {
  automatic,   // by class where the labels are classes, else at random
  random,      // any rows
  stratified,  // of every class its share
  time,        // the last rows of the file, or by a column's values
  group,       // rows of one group stay together
};

// Holds out round(fraction * n) rows, of every class its share; where shares are no whole numbers, those of the largest
// remainders are rounded up. A class keeps at least one row outside; where that leaves too
// few, any rows are held out, as by split_rows, whose errors it has too. `labels`: a class per row.
Result<RowSplit> split_by_class(std::span<const int64_t> labels, double fraction, uint64_t seed, std::string_view name);

// Holds out the last round(fraction * n) rows in the order of `keys`; rows of one key stay on one side, so that the
// number may be a few more. Errors as split_rows's.
Result<RowSplit> split_by_time(std::span<const double> keys, double fraction, std::string_view name);

// Holds out whole groups, drawn by `seed`, until round(fraction * n) rows are reached. Errors as split_rows's, and
// where there is one group only.
Result<RowSplit> split_by_group(std::span<const std::string> groups, double fraction, uint64_t seed,
                                std::string_view name);

}  // namespace slipway
