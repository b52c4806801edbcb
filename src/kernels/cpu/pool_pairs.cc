// Maxima over 2 x 2 windows at stride 2 and their gradient: the pooling that most small networks train with.
#include <algorithm>

#include "kernels/cpu/targets.h"
#include "kernels/parallel.h"
#include "kernels/pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pool_pairs.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

// Neighbours of one row: the first and the second of each pair.
struct Pairs {
  V first, second;
};

// n pairs, at most a vector of them; the others are 0.
HWY_INLINE Pairs load_pairs(const float* from, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  Pairs p = {hn::Zero(d), hn::Zero(d)};
  if (n >= lanes) {
    hn::LoadInterleaved2(d, from, p.first, p.second);
    return p;
  }
#if HWY_TARGET != HWY_SCALAR  // a single lane is never too many
  const V zero = hn::Zero(d);
  const V low = load_some(d, from, 2 * n, zero);
  const V high = 2 * n > lanes ? load_part(d, from + lanes, 2 * n - lanes, zero) : zero;
  p = {hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low)};
#endif
  return p;
}

HWY_INLINE void store_pairs(const Pairs& p, float* to, int64_t n) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  if (n >= lanes) {
    hn::StoreInterleaved2(p.first, p.second, d, to);
    return;
  }
  HWY_ALIGN float both[2 * HWY_MAX_BYTES / sizeof(float)];
  hn::StoreInterleaved2(p.first, p.second, d, both);
  store_some(hn::Load(d, both), d, to, 2 * n);
  if (2 * n > lanes) store_part(hn::Load(d, both + lanes), d, to + lanes, 2 * n - lanes);
}

// Where x takes the place of `best` as the maximum: see beats().
HWY_INLINE hn::Mask<D> takes_over(V x, V best) { return hn::Or(hn::Gt(x, best), hn::IsNaN(x)); }

// The taps of a window in row-major order are above.first, above.second, below.first, below.second; of equal ones the
// first is the maximum.
struct Winner {
  hn::Mask<D> second, third, fourth;  // where a tap beats all before it
  V most;

  HWY_INLINE Winner(const Pairs& above, const Pairs& below) : most(above.first) {
    second = takes_over(above.second, most);
    most = hn::IfThenElse(second, above.second, most);
    third = takes_over(below.first, most);
    most = hn::IfThenElse(third, below.first, most);
    fourth = takes_over(below.second, most);
    most = hn::IfThenElse(fourth, below.second, most);
  }
};

// f(first output, outputs) for the vectors of each row of outputs of plane `i`, with where its upper inputs begin.
template <class F>
HWY_INLINE void each_vector(const PoolShape& p, int64_t i, const F& f) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(D()));
  for (int64_t row = 0; row < p.out[1]; ++row) {
    const int64_t in = (i * p.in[1] + 2 * row) * p.in[2], out = (i * p.out[1] + row) * p.out[2];
    for (int64_t c = 0; c < p.out[2]; c += lanes) f(in + 2 * c, out + c, HWY_MIN(lanes, p.out[2] - c));
  }
}

}  // namespace

void pool_pairs(const PoolShape& p, const float* x, float* y, int threads) {
  parallel_for(threads, p.planes, 1 + 65536 / HWY_MAX(p.in[1] * p.in[2], 1), [&](int64_t first, int64_t last) HWY_ATTR {
    for (int64_t i = first; i < last; ++i) {
      each_vector(p, i, [&](int64_t in, int64_t out, int64_t n) HWY_ATTR {
        const Winner winner(load_pairs(x + in, n), load_pairs(x + in + p.in[2], n));
        store_some(winner.most, D(), y + out, n);
      });
    }
  });
}

void pool_pairs_back(const PoolShape& p, const float* x, const float* dy, float* dx, int threads) {
  const int64_t plane = p.in[1] * p.in[2];
  const bool odd = p.in[1] % 2 != 0 || p.in[2] % 2 != 0;
  parallel_for(threads, p.planes, 1 + 32768 / HWY_MAX(plane, 1), [&](int64_t first, int64_t last) HWY_ATTR {
    for (int64_t i = first; i < last; ++i) {
      if (odd) std::fill_n(dx + i * plane, plane, 0.0f);
      each_vector(p, i, [&](int64_t in, int64_t out, int64_t n) HWY_ATTR {
        const Winner winner(load_pairs(x + in, n), load_pairs(x + in + p.in[2], n));
        const V g = load_some(D(), dy + out, n, hn::Zero(D()));
        const V g012 = hn::IfThenZeroElse(winner.fourth, g), g01 = hn::IfThenZeroElse(winner.third, g012);
        store_pairs({hn::IfThenZeroElse(winner.second, g01), hn::IfThenElseZero(winner.second, g01)}, dx + in, n);
        store_pairs({hn::IfThenElseZero(winner.third, g012), hn::IfThenElseZero(winner.fourth, g)}, dx + in + p.in[2],
                    n);
      });
    }
  });
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(pool_pairs);
HWY_EXPORT(pool_pairs_back);

bool pools_pairs(const PoolShape& p) {
  auto pairs = [&](size_t d) {
    return p.kernel[d] == 2 && p.stride[d] == 2 && p.dilation[d] == 1 && p.pad[d] == 0 && p.out[d] == p.in[d] / 2;
  };
  return p.inner == 1 && p.in[0] == 1 && p.kernel[0] == 1 && pairs(1) && pairs(2);
}

void max_pool_2x2(const PoolShape& p, const float* x, float* y, int threads) {
  HWY_DYNAMIC_DISPATCH(pool_pairs)(p, x, y, threads);
}

void max_pool_backward_2x2(const PoolShape& p, const float* x, const float* dy, float* dx, int threads) {
  HWY_DYNAMIC_DISPATCH(pool_pairs_back)(p, x, dy, dx, threads);
}
}  // namespace slipway::kernels
#endif
