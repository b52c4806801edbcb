// Vectorized float32 folds of a row and of columns. Sums are made in blocks, which bounds their rounding error.
#include "kernels/reduce.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/reduce.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

// A fold: how it begins, what it takes from an element, how two results join.
struct Sum {
  static HWY_INLINE V neutral(D d) { return hn::Zero(d); }
  static HWY_INLINE V take(V x) { return x; }
  static HWY_INLINE V join(V a, V b) { return hn::Add(a, b); }
  static HWY_INLINE float across(D d, V v) { return hn::GetLane(hn::SumOfLanes(d, v)); }
};
struct SumAbs : Sum {
  static HWY_INLINE V take(V x) { return hn::Abs(x); }
};
struct SumSquare : Sum {
  static HWY_INLINE V take(V x) { return hn::Mul(x, x); }
};

template <class F>
HWY_INLINE float across_lanes(D d, V v) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, d, lanes);
  float result = lanes[0];
  for (size_t i = 1; i < hn::Lanes(d); ++i) result = join_f32(F::kFold, result, lanes[i]);
  return result;
}
struct Max {
  static constexpr Fold kFold = Fold::max;
  static HWY_INLINE V neutral(D d) { return constant(d, -std::numeric_limits<float>::infinity()); }
  static HWY_INLINE V take(V x) { return x; }
  static HWY_INLINE V join(V a, V b) { return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b); }
  static HWY_INLINE float across(D d, V v) { return across_lanes<Max>(d, v); }
};
struct Min {
  static constexpr Fold kFold = Fold::min;
  static HWY_INLINE V neutral(D d) { return constant(d, std::numeric_limits<float>::infinity()); }
  static HWY_INLINE V take(V x) { return x; }
  static HWY_INLINE V join(V a, V b) { return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b); }
  static HWY_INLINE float across(D d, V v) { return across_lanes<Min>(d, v); }
};
struct Prod {
  static constexpr Fold kFold = Fold::prod;
  static HWY_INLINE V neutral(D d) { return constant(d, 1); }
  static HWY_INLINE V take(V x) { return x; }
  static HWY_INLINE V join(V a, V b) { return hn::Mul(a, b); }
  static HWY_INLINE float across(D d, V v) { return across_lanes<Prod>(d, v); }
};

// Four vectors of partial results over a block of at most kBlock elements.
constexpr int64_t kBlock = 4096;
template <class F>
HWY_INLINE V fold_block(const float* x, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V a = F::neutral(d), b = a, c = a, e = a;
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = F::join(a, F::take(hn::LoadU(d, x + i)));
    b = F::join(b, F::take(hn::LoadU(d, x + i + lanes)));
    c = F::join(c, F::take(hn::LoadU(d, x + i + 2 * lanes)));
    e = F::join(e, F::take(hn::LoadU(d, x + i + 3 * lanes)));
  }
  for (; i < n; i += lanes) a = F::join(a, F::take(load_some(d, x + i, n - i, F::neutral(d))));
  return F::join(F::join(a, b), F::join(c, e));
}

// Blocks join in groups of kGroup, groups join one another: three short sums instead of one long one.
constexpr int64_t kGroup = 64;
template <class F>
float fold_row(const float* x, int64_t n) {
  const D d;
  V total = F::neutral(d);
  for (int64_t group = 0; group < n; group += kGroup * kBlock) {
    const int64_t end = HWY_MIN(group + kGroup * kBlock, n);
    V part = F::neutral(d);
    for (int64_t i = group; i < end; i += kBlock) part = F::join(part, fold_block<F>(x + i, HWY_MIN(kBlock, end - i)));
    total = F::join(total, part);
  }
  return F::across(d, total);
}

// sum = fold over rows [begin, end) of kVectors vectors, joined to it.
template <class F, int kVectors>
HWY_INLINE void fold_rows(const float* x, int64_t begin, int64_t end, int64_t stride, int64_t n, V* sum) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V part[kVectors];
  for (int k = 0; k < kVectors; ++k) part[k] = F::neutral(d);
  for (int64_t r = begin; r < end; ++r) {
    for (int k = 0; k < kVectors; ++k) {
      const V value = load_some(d, x + r * stride + k * lanes, n - k * lanes, F::neutral(d));
      part[k] = F::join(part[k], F::take(value));
    }
  }
  for (int k = 0; k < kVectors; ++k) sum[k] = F::join(sum[k], part[k]);
}

// kVectors vectors of columns: blocks of kRows rows, in groups like those of fold_row.
constexpr int64_t kRows = 64;
template <class F, int kVectors>
HWY_INLINE void fold_strip(const float* x, int64_t rows, int64_t stride, float* y, int64_t n, bool join) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V total[kVectors];
  for (int k = 0; k < kVectors; ++k) total[k] = F::neutral(d);
  for (int64_t group = 0; group < rows; group += kGroup * kRows) {
    const int64_t end = HWY_MIN(group + kGroup * kRows, rows);
    V part[kVectors];
    for (int k = 0; k < kVectors; ++k) part[k] = F::neutral(d);
    for (int64_t r = group; r < end; r += kRows) {
      fold_rows<F, kVectors>(x, r, HWY_MIN(r + kRows, end), stride, n, part);
    }
    for (int k = 0; k < kVectors; ++k) total[k] = F::join(total[k], part[k]);
  }
  for (int k = 0; k < kVectors; ++k) {
    float* to = y + k * lanes;
    if (join) total[k] = F::join(load_some(d, to, n - k * lanes, F::neutral(d)), total[k]);
    store_some(total[k], d, to, n - k * lanes);
  }
}

template <class F>
void fold_columns(const float* x, int64_t rows, int64_t stride, float* y, int64_t n, bool join) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(D()));
  int64_t k = 0;
  for (; k + 4 * lanes <= n; k += 4 * lanes) fold_strip<F, 4>(x + k, rows, stride, y + k, 4 * lanes, join);
  for (; k < n; k += lanes) fold_strip<F, 1>(x + k, rows, stride, y + k, HWY_MIN(lanes, n - k), join);
}

}  // namespace

FoldRowFn choose_row(Fold fold) {
  switch (fold) {
    case Fold::sum: return fold_row<Sum>;
    case Fold::sum_abs: return fold_row<SumAbs>;
    case Fold::sum_square: return fold_row<SumSquare>;
    case Fold::max: return fold_row<Max>;
    case Fold::min: return fold_row<Min>;
    case Fold::prod: return fold_row<Prod>;
  }
  return nullptr;
}

FoldColumnsFn choose_columns(Fold fold) {
  switch (fold) {
    case Fold::sum: return fold_columns<Sum>;
    case Fold::sum_abs: return fold_columns<SumAbs>;
    case Fold::sum_square: return fold_columns<SumSquare>;
    case Fold::max: return fold_columns<Max>;
    case Fold::min: return fold_columns<Min>;
    case Fold::prod: return fold_columns<Prod>;
  }
  return nullptr;
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_row);
HWY_EXPORT(choose_columns);
FoldRowFn fold_row_f32(Fold fold) { return HWY_DYNAMIC_DISPATCH(choose_row)(fold); }
FoldColumnsFn fold_columns_f32(Fold fold) { return HWY_DYNAMIC_DISPATCH(choose_columns)(fold); }
}  // namespace slipway::kernels
#endif
