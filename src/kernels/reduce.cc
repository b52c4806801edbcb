// Plans of reductions and the walk that hands their rows or columns to the SIMD folds.
#include "kernels/reduce.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace slipway::kernels {

namespace {

constexpr int64_t kShortRow = 8;

bool contains(std::span<const int64_t> axes, size_t d) {
  return std::find(axes.begin(), axes.end(), static_cast<int64_t>(d)) != axes.end();
}

}  // namespace

ReducePlan plan_reduce(std::span<const int64_t> shape, std::span<const int64_t> axes) {
  ReducePlan plan;
  Shape strides = row_major_strides(shape);
  int last_kind = -1;
  for (size_t d = 0; d < shape.size(); ++d) {
    bool reduced = contains(axes, d);
    (reduced ? plan.folded : plan.outputs) *= shape[d];
    if (shape[d] == 1) continue;
    std::vector<ReducePlan::Dimension>& dims = reduced ? plan.reduced : plan.kept;
    if (last_kind == static_cast<int>(reduced)) {
      dims.back() = {dims.back().size * shape[d], strides[d]};
    } else {
      dims.push_back({shape[d], strides[d]});
    }
    last_kind = reduced;
  }
  return plan;
}

int64_t ReducePlan::offset(std::span<const Dimension> dims, int64_t i) {
  int64_t at = 0;
  for (size_t d = dims.size(); d-- > 0;) {
    at += i % dims[d].size * dims[d].stride;
    i /= dims[d].size;
  }
  return at;
}

float join_f32(Fold fold, float a, float b) {
  switch (fold) {
    case Fold::max: return a > b || std::isnan(a) ? a : b;
    case Fold::min: return a < b || std::isnan(a) ? a : b;
    case Fold::prod: return a * b;
    default: return a + b;
  }
}

float neutral_f32(Fold fold) {
  switch (fold) {
    case Fold::max: return -std::numeric_limits<float>::infinity();
    case Fold::min: return std::numeric_limits<float>::infinity();
    case Fold::prod: return 1;
    default: return 0;
  }
}

FoldF32::FoldF32(ReducePlan p, Fold f)
    : plan(std::move(p)), fold(f), row(fold_row_f32(f)), columns(fold_columns_f32(f)) {}

void FoldF32::run(const float* x, float* y, int64_t begin, int64_t end) const {
  if (plan.folded == 0) {
    std::fill(y + begin, y + end, neutral_f32(fold));
  } else if (plan.reduced.size() == 1 && plan.folded <= kShortRow && !plan.kept.empty() &&
             plan.kept.back().stride == plan.folded && plan.reduced[0].stride == 1) {
    run_short_rows(x, y, begin, end);
  } else if (plan.kept.empty() || plan.kept.back().stride != 1) {
    run_rows(x, y, begin, end);
  } else {
    run_columns(x, y, begin, end);
  }
}

// The innermost dimension is reduced: each output folds whole rows.
void FoldF32::run_rows(const float* x, float* y, int64_t begin, int64_t end) const {
  bool any = !plan.reduced.empty();
  int64_t length = any ? plan.reduced.back().size : 1;
  std::span<const ReducePlan::Dimension> outer(plan.reduced.data(), any ? plan.reduced.size() - 1 : 0);
  int64_t rows = plan.folded / length;
  for (int64_t i = begin; i < end; ++i) {
    const float* from = x + plan.origin(i);
    float value = row(from, length);
    for (int64_t r = 1; r < rows; ++r) value = join_f32(fold, value, row(from + ReducePlan::offset(outer, r), length));
    y[i] = value;
  }
}

// Short rows that follow each other, many at a time: side by side they fill vectors.
void FoldF32::run_short_rows(const float* x, float* y, int64_t begin, int64_t end) const {
  constexpr int64_t kTogether = 64;
  std::array<float, kShortRow * kTogether> side_by_side;
  const int64_t length = plan.folded, width = plan.kept.back().size;
  for (int64_t i = begin; i < end;) {
    const int64_t n = std::min({end - i, width - i % width, kTogether});
    const float* from = x + plan.origin(i);
    for (int64_t k = 0; k < length; ++k) {
      for (int64_t j = 0; j < n; ++j) side_by_side[static_cast<size_t>(k * n + j)] = from[j * length + k];
    }
    columns(side_by_side.data(), length, n, y + i, n, false);
    i += n;
  }
}

// The innermost dimension is kept: stretches of neighbouring outputs fold row after row.
void FoldF32::run_columns(const float* x, float* y, int64_t begin, int64_t end) const {
  bool any = !plan.reduced.empty();
  ReducePlan::Dimension down = any ? plan.reduced.back() : ReducePlan::Dimension{1, 0};
  std::span<const ReducePlan::Dimension> outer(plan.reduced.data(), any ? plan.reduced.size() - 1 : 0);
  int64_t blocks = plan.folded / down.size;
  int64_t width = plan.kept.back().size;
  for (int64_t i = begin; i < end;) {
    int64_t n = std::min(end - i, width - i % width);
    const float* from = x + plan.origin(i);
    for (int64_t block = 0; block < blocks; ++block) {
      columns(from + ReducePlan::offset(outer, block), down.size, down.stride, y + i, n, block > 0);
    }
    i += n;
  }
}

}  // namespace slipway::kernels
