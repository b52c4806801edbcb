// row_hash: tells whether two rows are the same, and which rows training data repeat by themselves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sketch/feature_counts.h"

namespace slipway {

// Equal for equal rows. Rows of at most kExactWidth numbers are read whole, and their hash is the same on every
// machine. Of wider ones the same mean, deviation and ends are taken for the same row: reading all of it again would
// cost more than everything else the monitor does, and the hash is of this process only.
inline constexpr size_t kExactWidth = 256;
uint64_t row_hash(std::span<const float> row, const RowSummary& summary);

// Rows that training data repeat by themselves, found in a `sample` of them ([rows, width]); none of wide rows.
inline constexpr int kCommon = 3;
struct CommonRows {
  std::vector<uint64_t> hashes;  // of rows that occur at least kCommon times, ascending
  // As columns of few categories: of the rows that make up less than a twentieth of the sample each, half occur again
  // (or there are none). A single row that stands for "nothing known" does not make data discrete.
  bool discrete = false;
};
CommonRows common_rows(std::span<const float> sample, size_t width);

}  // namespace slipway
