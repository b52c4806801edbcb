// Reductions over some dimensions: float32 through SIMD, everything else element by element.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "tensor/shape.h"

namespace slipway::kernels {

// What is accumulated; max and min are NaN when an element is.
enum class Fold : uint8_t { sum, sum_abs, sum_square, max, min, prod };

// The fold of x[0..n); its neutral element when n is 0.
using FoldRowFn = float (*)(const float* x, int64_t n);
FoldRowFn fold_row_f32(Fold fold);
// y[k] = fold over r of x[r * stride + k], joined with y[k] when `join`. k < n, r < rows.
using FoldColumnsFn = void (*)(const float* x, int64_t rows, int64_t stride, float* y, int64_t n, bool join);
FoldColumnsFn fold_columns_f32(Fold fold);
// The fold of two results.
float join_f32(Fold fold, float a, float b);
float neutral_f32(Fold fold);

// A tensor's dimensions split into kept and reduced ones, neighbours of one kind merged, sizes of 1 dropped.
struct ReducePlan {
  struct Dimension {
    int64_t size;
    int64_t stride;  // in elements of x
  };
  std::vector<Dimension> kept;     // outermost first
  std::vector<Dimension> reduced;  // outermost first
  int64_t outputs = 1;
  int64_t folded = 1;  // elements per output

  // Where output i's elements begin.
  int64_t origin(int64_t i) const { return offset(kept, i); }
  // The offset of index i, counted row-major over `dims`.
  static int64_t offset(std::span<const Dimension> dims, int64_t i);
};
// Requires: axes are in [0, rank).
ReducePlan plan_reduce(std::span<const int64_t> shape, std::span<const int64_t> axes);

// f(x[i]) for each element of output `at`, in row-major order. origin: plan.origin(at).
template <typename T, typename F>
void for_each_folded(const ReducePlan& plan, const T* x, int64_t origin, F&& f) {
  if (plan.reduced.empty()) {
    f(x[origin]);
    return;
  }
  ReducePlan::Dimension inner = plan.reduced.back();
  std::span<const ReducePlan::Dimension> outer(plan.reduced.data(), plan.reduced.size() - 1);
  int64_t rows = inner.size > 0 ? plan.folded / inner.size : 0;
  for (int64_t row = 0; row < rows; ++row) {
    const T* from = x + origin + ReducePlan::offset(outer, row);
    for (int64_t i = 0; i < inner.size; ++i) f(from[i * inner.stride]);
  }
}

// y: float32[plan.outputs]; outputs [begin, end) with Fold `fold`. The result does not depend on the cut.
struct FoldF32 {
  ReducePlan plan;
  Fold fold;
  FoldRowFn row;
  FoldColumnsFn columns;

  FoldF32(ReducePlan p, Fold f);
  void run(const float* x, float* y, int64_t begin, int64_t end) const;

 private:
  void run_rows(const float* x, float* y, int64_t begin, int64_t end) const;
  void run_short_rows(const float* x, float* y, int64_t begin, int64_t end) const;
  void run_columns(const float* x, float* y, int64_t begin, int64_t end) const;
};

}  // namespace slipway::kernels
