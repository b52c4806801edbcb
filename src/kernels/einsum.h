// The sum of products over labelled dimensions, for operands of any strides.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kernels/strided_copy.h"

namespace slipway::kernels {

inline constexpr size_t kMostOperands = 8;

// Dimensions in order: those of the output (row-major), then those that are summed.
struct Contraction {
  int output_rank = 0;
  int rank = 0;
  std::array<int64_t, kMaxRank> size = {};
  size_t operands = 0;
  std::array<std::array<int64_t, kMaxRank>, kMostOperands> stride = {};  // 0: the operand does not have the dimension
};

// y[output] = sum over the other dimensions of the product of the operands. Floats are summed in double, integers in
// int64. Requires: a number type.
void contract(const Contraction& c, DType dtype, const void* const* operands, void* y, int threads);

}  // namespace slipway::kernels
