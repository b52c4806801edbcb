// How operands of different shapes are walked together: neighbouring dimensions merged, rows of contiguous elements.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "tensor/shape.h"

namespace slipway::kernels {

inline constexpr size_t kMostDimensions = 16;  // of merged dimensions

// The output seen as rows. Along a row an operand either advances with the output (step 1) or stands still (step 0).
struct BroadcastPlan {
  int64_t row_size = 1;
  int64_t rows = 1;
  std::vector<int64_t> outer;                 // sizes of the dimensions around a row, outermost first
  std::vector<int64_t> steps;                 // by operand: 0 or 1
  std::vector<std::vector<int64_t>> strides;  // by operand, by outer dimension, in elements

  int64_t count() const { return rows * row_size; }
  // Where `row` starts in operand k.
  int64_t offset(size_t k, int64_t row) const;
  // Operand k has the output's shape.
  bool whole(size_t k) const { return rows == 1 && (steps[k] == 1 || row_size == 1); }
};

// unimplemented when more than kMostDimensions dimensions remain. Requires: each operand broadcasts to `out`.
Result<BroadcastPlan> plan_broadcast(std::span<const Shape> operands, const Shape& out);

// f(out, length, at): `length` elements from flat output index `out`, operand k starting at at[k]; pieces cover
// [begin, end) and stay within rows. Requires: N operands.
template <size_t N, typename F>
void walk_rows(const BroadcastPlan& plan, int64_t begin, int64_t end, F&& f) {
  std::array<int64_t, N> at{};
  if (plan.rows == 1) {
    for (size_t k = 0; k < N; ++k) at[k] = begin * plan.steps[k];
    if (begin < end) f(begin, end - begin, at);
    return;
  }
  std::array<int64_t, kMostDimensions> index{};
  size_t depth = plan.outer.size();
  int64_t row = plan.row_size > 0 ? begin / plan.row_size : 0;
  for (size_t d = depth, rest = static_cast<size_t>(row); d-- > 0;) {
    index[d] = static_cast<int64_t>(rest) % plan.outer[d];
    rest /= static_cast<size_t>(plan.outer[d]);
  }
  for (size_t k = 0; k < N; ++k) at[k] = plan.offset(k, row);
  for (int64_t i = begin; i < end; ++row) {
    int64_t in_row = i - row * plan.row_size;
    int64_t length = std::min(end - i, plan.row_size - in_row);
    std::array<int64_t, N> from = at;
    for (size_t k = 0; k < N; ++k) from[k] += in_row * plan.steps[k];
    f(i, length, from);
    i += length;
    for (size_t d = depth; d-- > 0;) {
      for (size_t k = 0; k < N; ++k) at[k] += plan.strides[k][d];
      if (++index[d] < plan.outer[d]) break;
      for (size_t k = 0; k < N; ++k) at[k] -= plan.strides[k][d] * plan.outer[d];
      index[d] = 0;
    }
  }
}

}  // namespace slipway::kernels
