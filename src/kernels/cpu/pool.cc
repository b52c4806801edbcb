// Vectorized pooling: over neighbouring columns of a plane, or over the channels where they are last. Every output
// takes its taps in row-major order, so that NaNs and rounding are those of the plain loops in kernels/pool.cc.
#include "kernels/pool.h"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include "kernels/cpu/targets.h"
#include "kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pool.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A fold of taps, for vectors and for single values: the first tap, one more, and the end.
template <typename T>
struct MaxOf {
  using Value = T;
  using D = hn::ScalableTag<T>;
  template <class V>
  static HWY_INLINE V first(V x) {
    return x;
  }
  template <class V>
  static HWY_INLINE V join(V best, V x) {
    if constexpr (std::is_floating_point_v<T>) return hn::IfThenElse(hn::Or(hn::Gt(x, best), hn::IsNaN(x)), x, best);
    return hn::IfThenElse(hn::Gt(x, best), x, best);
  }
  template <class V>
  static HWY_INLINE V finish(V best, int64_t) {
    return best;
  }
  static T first(T x) { return x; }
  static T join(T best, T x) { return beats(x, best) ? x : best; }
  static T finish(T best, int64_t) { return best; }
  static T empty() { return std::numeric_limits<T>::lowest(); }
};

struct MeanOf {
  using Value = float;
  using D = hn::ScalableTag<float>;
  template <class V>
  static HWY_INLINE V first(V x) {
    return hn::Add(hn::Zero(hn::DFromV<V>()), x);
  }
  template <class V>
  static HWY_INLINE V join(V sum, V x) {
    return hn::Add(sum, x);
  }
  template <class V>
  static HWY_INLINE V finish(V sum, int64_t n) {
    return hn::Div(sum, hn::Set(hn::DFromV<V>(), static_cast<float>(n)));
  }
  static float first(float x) { return 0.0f + x; }
  static float join(float sum, float x) { return sum + x; }
  static float finish(float sum, int64_t n) { return sum / static_cast<float>(n); }
  static float empty() { return 0; }
};

int64_t taps_along(const PoolShape& p, const PoolReach& r, size_t d) {
  return r.begin[d] < r.end[d] ? steps_below(r.end[d] - r.begin[d], p.dilation[d]) : 0;
}

// load(flat position of a tap relative to `x`) folded over the taps of r. Requires: there is a tap.
template <class Op, typename Load>
HWY_INLINE auto fold_taps(const PoolShape& p, const PoolReach& r, int64_t last, const Load& load) {
  auto sum = Op::first(load(((r.begin[0] * p.in[1]) + r.begin[1]) * p.in[2] + r.begin[2]));
  int64_t skip = r.begin[2] + p.dilation[2];
  for (int64_t a = r.begin[0]; a < r.end[0]; a += p.dilation[0]) {
    for (int64_t b = r.begin[1]; b < r.end[1]; b += p.dilation[1]) {
      const int64_t row = (a * p.in[1] + b) * p.in[2];
      for (int64_t c = skip; c < last; c += p.dilation[2]) sum = Op::join(sum, load(row + c));
      skip = r.begin[2];
    }
  }
  return sum;
}

// How the taps of one output are counted for a mean.
struct Divisor {
  bool include_pad;
  int64_t operator()(const PoolShape& p, const PoolReach& r) const {
    return include_pad ? r.padded_size : taps_along(p, r, 0) * taps_along(p, r, 1) * taps_along(p, r, 2);
  }
};

bool has_taps(const PoolShape& p, const PoolReach& r) {
  return taps_along(p, r, 0) > 0 && taps_along(p, r, 1) > 0 && taps_along(p, r, 2) > 0;
}

// The first output of a row whose window begins inside the row. Negative padding cuts the row: then all do.
int64_t first_inside(const PoolShape& p) {
  return HWY_MAX(0, HWY_MIN((p.pad[2] + p.stride[2] - 1) / p.stride[2], p.out[2]));
}

// Columns [begin, end) of one row of outputs of bytes, channels [i, i + lanes): their windows have the same taps.
template <typename T, class D>
void max_columns(const PoolShape& p, const PoolReach& r, D d, int64_t i, int64_t begin, int64_t end, const T* x, T* y) {
  const int64_t n = p.inner;
  const T* column = x + (begin * p.stride[2] - p.pad[2]) * n + i;
  for (int64_t o = begin; o < end; ++o, column += p.stride[2] * n) {
    auto most = hn::Set(d, std::numeric_limits<T>::lowest());
    for (int64_t a = r.begin[0]; a < r.end[0]; a += p.dilation[0]) {
      for (int64_t b = r.begin[1]; b < r.end[1]; b += p.dilation[1]) {
        const T* tap = column + (a * p.in[1] + b) * p.in[2] * n;
        for (int64_t k = 0; k < p.kernel[2]; ++k, tap += p.dilation[2] * n) most = hn::Max(most, hn::LoadU(d, tap));
      }
    }
    hn::StoreU(most, d, y + o * n + i);
  }
}

// The same for windows of kTaps taps, which lie at `taps` from the window's first.
template <int kTaps, typename T, class D>
void max_few(const std::array<int64_t, 16>& taps, D d, int64_t n, int64_t step, const T* x, T* y, int64_t y_step) {
  for (int64_t o = 0; o < n; ++o, x += step, y += y_step) {
    auto most = hn::LoadU(d, x + taps[0]);
#pragma GCC unroll 16
    for (int i = 1; i < kTaps; ++i) most = hn::Max(most, hn::LoadU(d, x + taps[static_cast<size_t>(i)]));
    hn::StoreU(most, d, y);
  }
}

// max_columns for the usual numbers of taps; whether it is one of them.
template <typename T, class D>
bool max_usual(const PoolShape& p, const PoolReach& r, D d, int64_t i, int64_t begin, int64_t end, const T* x, T* y) {
  const int64_t count = taps_along(p, r, 0) * taps_along(p, r, 1) * p.kernel[2];
  if (count != 4 && count != 6 && count != 9) return false;
  std::array<int64_t, 16> taps;
  size_t found = 0;
  for (int64_t a = r.begin[0]; a < r.end[0]; a += p.dilation[0]) {
    for (int64_t b = r.begin[1]; b < r.end[1]; b += p.dilation[1]) {
      for (int64_t k = 0; k < p.kernel[2]; ++k) {
        taps[found++] = ((a * p.in[1] + b) * p.in[2] + k * p.dilation[2]) * p.inner;
      }
    }
  }
  x += (begin * p.stride[2] - p.pad[2]) * p.inner + i;
  y += begin * p.inner + i;
  const int64_t step = p.stride[2] * p.inner;
  if (count == 4) max_few<4>(taps, d, end - begin, step, x, y, p.inner);
  if (count == 6) max_few<6>(taps, d, end - begin, step, x, y, p.inner);
  if (count == 9) max_few<9>(taps, d, end - begin, step, x, y, p.inner);
  return true;
}

// The same of all channels, by vectors of kMost lanes when there are that many; whether there are. The last vector may
// overlap the one before.
template <size_t kMost, typename T>
bool max_inside(const PoolShape& p, const PoolReach& r, int64_t begin, int64_t end, const T* x, T* y) {
  const hn::CappedTag<T, kMost> d;
  const int64_t n = p.inner, lanes = static_cast<int64_t>(hn::Lanes(d));
  if (n < lanes) return false;
  for (int64_t i = 0; i < n; i += lanes) {
    const int64_t at = HWY_MIN(i, n - lanes);
    if (!max_usual(p, r, d, at, begin, end, x, y)) max_columns(p, r, d, at, begin, end, x, y);
  }
  return true;
}

// One output of every channel, channels last.
template <class Op>
void pool_channels(const PoolShape& p, const PoolReach& r, int64_t divisor, const typename Op::Value* x,
                   typename Op::Value* y) {
  const typename Op::D d;
  const int64_t n = p.inner, lanes = static_cast<int64_t>(hn::Lanes(d));
  if (!has_taps(p, r)) {
    for (int64_t i = 0; i < n; ++i) y[i] = Op::empty();
    return;
  }
  int64_t i = 0;
  if (n >= lanes) {
    // The last vector may overlap the one before.
    for (; i < n; i += lanes) {
      i = HWY_MIN(i, n - lanes);
      const auto sum = fold_taps<Op>(p, r, r.end[2], [&](int64_t at) { return hn::LoadU(d, x + at * n + i); });
      hn::StoreU(Op::finish(sum, divisor), d, y + i);
    }
    return;
  }
  for (; i < n; ++i) {
    y[i] = Op::finish(fold_taps<Op>(p, r, r.end[2], [&](int64_t at) { return x[at * n + i]; }), divisor);
  }
}

// Outputs [begin, end) of one row, one by one.
template <class Op>
void pool_singles(const PoolShape& p, int64_t a, int64_t b, int64_t begin, int64_t end, Divisor divide,
                  const typename Op::Value* x, typename Op::Value* y) {
  for (int64_t c = begin; c < end; ++c) {
    const PoolReach r = pool_reach(p, {a, b, c});
    y[c] = has_taps(p, r) ? Op::finish(fold_taps<Op>(p, r, r.end[2], [&](int64_t at) { return x[at]; }), divide(p, r))
                          : Op::empty();
  }
}

// Outputs of one row from c on, a vector of `d` at a time as long as they lie inside the row; returns where it ended.
template <class Op, int kStride, class Tag>
int64_t pool_vectors(Tag d, const PoolShape& p, PoolReach r, int64_t c, Divisor divide, const typename Op::Value* x,
                     typename Op::Value* y) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t span = (p.kernel[2] - 1) * p.dilation[2];
  // A vector of outputs from c reads kStride * lanes values from its last tap on.
  for (; c + lanes <= p.out[2] && c * kStride - p.pad[2] + span + kStride * lanes <= p.in[2]; c += lanes) {
    r.begin[2] = c * kStride - p.pad[2];
    r.end[2] = r.begin[2] + span + 1;
    const int64_t divisor = divide(p, r);
    const auto sum = fold_taps<Op>(p, r, r.end[2], [&](int64_t at) {
      if constexpr (kStride == 1) return hn::LoadU(d, x + at);
      hn::Vec<Tag> even, odd;
      hn::LoadInterleaved2(d, x + at, even, odd);
      return even;
    });
    hn::StoreU(Op::finish(sum, divisor), d, y + c);
  }
  return c;
}

// One row of outputs of one plane: columns whose windows lie inside the row in vectors, where stride 1 or 2 lets; what
// is too short for a whole vector in half and quarter ones.
template <class Op, int kStride>
void pool_columns(const PoolShape& p, int64_t a, int64_t b, Divisor divide, const typename Op::Value* x,
                  typename Op::Value* y) {
  const typename Op::D d;
  const hn::Half<typename Op::D> half;
  const hn::Half<hn::Half<typename Op::D>> quarter;
  int64_t c = first_inside(p);
  const PoolReach r = pool_reach(p, {a, b, c});
  pool_singles<Op>(p, a, b, 0, c, divide, x, y);
  if (taps_along(p, r, 0) > 0 && taps_along(p, r, 1) > 0) {
    c = pool_vectors<Op, kStride>(d, p, r, c, divide, x, y);
    c = pool_vectors<Op, kStride>(half, p, r, c, divide, x, y);
    c = pool_vectors<Op, kStride>(quarter, p, r, c, divide, x, y);
  }
  pool_singles<Op>(p, a, b, c, p.out[2], divide, x, y);
}

template <class Op>
void pool_row(const PoolShape& p, int64_t a, int64_t b, Divisor divide, const typename Op::Value* x,
              typename Op::Value* y) {
  if (p.inner > 1) {
    int64_t begin = 0, end = 0;  // columns that are done together
    if constexpr (sizeof(typename Op::Value) == 1) {
      const int64_t span = (p.kernel[2] - 1) * p.dilation[2] + 1;
      begin = first_inside(p);
      end = HWY_MAX(begin, HWY_MIN((p.in[2] + p.pad[2] - span) / p.stride[2] + 1, p.out[2]));
      const PoolReach r = pool_reach(p, {a, b, begin});
      const bool inside = p.in[2] + p.pad[2] >= span && has_taps(p, r);
      if (!inside || !(max_inside<64>(p, r, begin, end, x, y) || max_inside<32>(p, r, begin, end, x, y) ||
                       max_inside<16>(p, r, begin, end, x, y) || max_inside<8>(p, r, begin, end, x, y))) {
        end = begin;
      }
    }
    for (int64_t c = 0; c < p.out[2]; ++c) {
      if (c == begin && end > begin) c = end;
      if (c == p.out[2]) break;
      const PoolReach r = pool_reach(p, {a, b, c});
      pool_channels<Op>(p, r, divide(p, r), x, y + c * p.inner);
    }
  } else if (p.stride[2] == 1) {
    pool_columns<Op, 1>(p, a, b, divide, x, y);
  } else if (p.stride[2] == 2) {
    pool_columns<Op, 2>(p, a, b, divide, x, y);
  } else {
    pool_singles<Op>(p, a, b, 0, p.out[2], divide, x, y);
  }
}

template <class Op>
void pool(const PoolShape& p, const typename Op::Value* x, typename Op::Value* y, bool include_pad, int threads) {
  if (p.inner == 0) return;  // an image without channels
  const int64_t in = p.in[0] * p.in[1] * p.in[2] * p.inner, row = p.out[2] * p.inner;
  const int64_t work = row * p.kernel[0] * p.kernel[1] * p.kernel[2];
  const int64_t rows = p.out[0] * p.out[1];
  parallel_for(threads, p.planes * rows, 1 + 65536 / HWY_MAX(work, 1), [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t o = i % rows;
      pool_row<Op>(p, o / p.out[1], o % p.out[1], {include_pad}, x + i / rows * in, y + i * row);
    }
  });
}

}  // namespace

void max_f32(const PoolShape& p, const float* x, float* y, int threads) { pool<MaxOf<float>>(p, x, y, false, threads); }
void max_u8(const PoolShape& p, const uint8_t* x, uint8_t* y, int threads) {
  pool<MaxOf<uint8_t>>(p, x, y, false, threads);
}
void max_i8(const PoolShape& p, const int8_t* x, int8_t* y, int threads) {
  pool<MaxOf<int8_t>>(p, x, y, false, threads);
}
void mean_f32(const PoolShape& p, const float* x, float* y, bool include_pad, int threads) {
  pool<MeanOf>(p, x, y, include_pad, threads);
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(max_f32);
HWY_EXPORT(max_u8);
HWY_EXPORT(max_i8);
HWY_EXPORT(mean_f32);
template <>
void vector_max_pool(const PoolShape& p, const float* x, float* y, int threads) {
  if (pools_pairs(p)) return max_pool_2x2(p, x, y, threads);
  HWY_DYNAMIC_DISPATCH(max_f32)(p, x, y, threads);
}
template <>
void vector_max_pool(const PoolShape& p, const uint8_t* x, uint8_t* y, int threads) {
  HWY_DYNAMIC_DISPATCH(max_u8)(p, x, y, threads);
}
template <>
void vector_max_pool(const PoolShape& p, const int8_t* x, int8_t* y, int threads) {
  HWY_DYNAMIC_DISPATCH(max_i8)(p, x, y, threads);
}
void vector_average_pool(const PoolShape& p, const float* x, float* y, bool include_pad, int threads) {
  HWY_DYNAMIC_DISPATCH(mean_f32)(p, x, y, include_pad, threads);
}
}  // namespace slipway::kernels
#endif
