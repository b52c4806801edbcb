// Copies between two strided views: the arithmetic of Transpose, Slice, Concat, Split, Expand, Tile and their kin.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace slipway::kernels {

inline constexpr int kMaxRank = 16;

// y[out_offset + sum(i_d * out_stride_d)] = x[in_offset + sum(i_d * in_stride_d)] for every i in the box `size`.
// Strides count elements; those of x may be negative or zero. A plain value: making one allocates nothing.
struct StridedCopy {
  int rank = 0;
  int64_t in_offset = 0;
  int64_t out_offset = 0;
  std::array<int64_t, kMaxRank> size = {};
  std::array<int64_t, kMaxRank> in_stride = {};
  std::array<int64_t, kMaxRank> out_stride = {};

  // Appends a dimension inside those there are. Requires: rank < kMaxRank.
  void push(int64_t n, int64_t in, int64_t out);
  // Drops dimensions of size 1 and joins neighbours that step as one. Copies the same elements.
  void simplify();
};

// The whole of a row-major tensor of `shape` to the same place. Requires: shape.size() <= kMaxRank.
StridedCopy contiguous_copy(std::span<const int64_t> shape);

// Runs `plan` on elements of `dtype`. The views must not overlap, and y's elements must be distinct.
void strided_copy(const StridedCopy& plan, DType dtype, const void* x, void* y, int threads);

// y[i] = value for i in [0, n); `value` points at one element, nullptr means zero (the empty string).
void fill(DType dtype, const void* value, void* y, int64_t n, int threads);

}  // namespace slipway::kernels
