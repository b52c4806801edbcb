// Vectorized float32 row passes of normalizations.
#include "kernels/rows.h"

#include <cmath>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rows.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

constexpr int64_t kBlock = 4096;

// Σ f(first element of a vector, how many of its lanes count); f answers 0 in the others.
template <class F>
HWY_INLINE float sum_block(int64_t n, const F& f) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V a = hn::Zero(d), b = a, c = a, e = a;
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = hn::Add(a, f(i, lanes));
    b = hn::Add(b, f(i + lanes, lanes));
    c = hn::Add(c, f(i + 2 * lanes, lanes));
    e = hn::Add(e, f(i + 3 * lanes, lanes));
  }
  for (; i < n; i += lanes) a = hn::Add(a, f(i, n - i));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
}

double sum(const float* x, int64_t n) {
  const V zero = hn::Zero(D());
  double total = 0;
  for (int64_t at = 0; at < n; at += kBlock) {
    total += static_cast<double>(sum_block(HWY_MIN(kBlock, n - at), [&](int64_t i, int64_t some) HWY_ATTR {
      return load_some(D(), x + at + i, some, zero);
    }));
  }
  return total;
}

double squares(const float* x, int64_t n, float mean) {
  const V middle = hn::Set(D(), mean);
  double total = 0;
  for (int64_t at = 0; at < n; at += kBlock) {
    total += static_cast<double>(sum_block(HWY_MIN(kBlock, n - at), [&](int64_t i, int64_t some) HWY_ATTR {
      const V gap = hn::Sub(load_some(D(), x + at + i, some, middle), middle);
      return hn::Mul(gap, gap);
    }));
  }
  return total;
}

void with(const float* dy, const float* x, int64_t n, float mean, double* sum_to, double* product_to) {
  const V middle = hn::Set(D(), mean), zero = hn::Zero(D());
  for (int64_t at = 0; at < n; at += kBlock) {
    V sums = zero;
    *product_to += static_cast<double>(sum_block(HWY_MIN(kBlock, n - at), [&](int64_t i, int64_t some) HWY_ATTR {
      const V g = load_some(D(), dy + at + i, some, zero);
      sums = hn::Add(sums, g);
      return hn::Mul(g, hn::Sub(load_some(D(), x + at + i, some, middle), middle));
    }));
    *sum_to += static_cast<double>(hn::GetLane(hn::SumOfLanes(D(), sums)));
  }
}

void affine(const float* x, float* y, int64_t n, float mean, float a, float b) {
  const V middle = hn::Set(D(), mean), factor = hn::Set(D(), a), shift = hn::Set(D(), b);
  map1(x, y, n, [&](D, V v) HWY_ATTR { return hn::MulAdd(hn::Sub(v, middle), factor, shift); });
}

void normalize_back(const float* dy, const float* x, float* dx, int64_t n, float a, float shift, float b, float mean) {
  const V va = hn::Set(D(), a), vs = hn::Set(D(), shift), vb = hn::Set(D(), b), vm = hn::Set(D(), mean);
  map2(dy, x, dx, n,
       [&](D, V g, V v) HWY_ATTR { return hn::NegMulAdd(vb, hn::Sub(v, vm), hn::Mul(va, hn::Sub(g, vs))); });
}

LayerRow statistics(const float* x, int64_t n, float epsilon) {
  const double size = static_cast<double>(n);
  const float mean = static_cast<float>(sum(x, n) / size);
  const float variance = static_cast<float>(squares(x, n, mean) / size);
  return {mean, 1 / std::sqrt(variance + epsilon)};
}

LayerRow layer_norm(const float* x, const float* scale, const float* bias, float epsilon, float* y, int64_t n) {
  const LayerRow row = statistics(x, n, epsilon);
  const V mean = hn::Set(D(), row.mean), inverse = hn::Set(D(), row.inverse), zero = hn::Zero(D());
  for (int64_t i = 0, lanes = static_cast<int64_t>(hn::Lanes(D())); i < n; i += lanes) {
    const V z = hn::Mul(hn::Mul(hn::Sub(load_some(D(), x + i, n - i, zero), mean), inverse),
                        load_some(D(), scale + i, n - i, zero));
    store_some(bias == nullptr ? z : hn::Add(z, load_some(D(), bias + i, n - i, zero)), D(), y + i, n - i);
  }
  return row;
}

void layer_norm_back(const float* x, const float* scale, const float* dy, float epsilon, float* dx, float* dscale,
                     float* dbias, int64_t n) {
  const D d;
  const LayerRow row = statistics(x, n, epsilon);
  const V mean = hn::Set(d, row.mean), inverse = hn::Set(d, row.inverse), zero = hn::Zero(d);
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  V g_sum = zero, gx_sum = zero;
  for (int64_t i = 0; i < n; i += lanes) {
    const V xhat = hn::Mul(hn::Sub(load_some(d, x + i, n - i, mean), mean), inverse);
    const V v = load_some(d, dy + i, n - i, zero);
    const V g = hn::Mul(v, load_some(d, scale + i, n - i, zero));
    g_sum = hn::Add(g_sum, g);
    gx_sum = hn::MulAdd(g, xhat, gx_sum);
    store_some(hn::MulAdd(v, xhat, load_some(d, dscale + i, n - i, zero)), d, dscale + i, n - i);
    store_some(hn::Add(v, load_some(d, dbias + i, n - i, zero)), d, dbias + i, n - i);
  }
  const V share = hn::Set(d, 1 / static_cast<float>(n));
  const V g_mean = hn::Mul(hn::SumOfLanes(d, g_sum), share), gx_mean = hn::Mul(hn::SumOfLanes(d, gx_sum), share);
  for (int64_t i = 0; i < n; i += lanes) {
    const V xhat = hn::Mul(hn::Sub(load_some(d, x + i, n - i, mean), mean), inverse);
    const V g = hn::Mul(load_some(d, dy + i, n - i, zero), load_some(d, scale + i, n - i, zero));
    store_some(hn::Mul(inverse, hn::NegMulAdd(xhat, gx_mean, hn::Sub(g, g_mean))), d, dx + i, n - i);
  }
}

constexpr RowSums kSums = {sum, squares, with};

}  // namespace

const RowSums& choose_row_sums() { return kSums; }
AffineFn choose_affine() { return affine; }
NormalizeBackFn choose_normalize_back() { return normalize_back; }
LayerNormFn choose_layer_norm() { return layer_norm; }
LayerNormBackFn choose_layer_norm_back() { return layer_norm_back; }

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_row_sums);
HWY_EXPORT(choose_affine);
HWY_EXPORT(choose_normalize_back);
HWY_EXPORT(choose_layer_norm);
HWY_EXPORT(choose_layer_norm_back);
const RowSums& row_sums() { return HWY_DYNAMIC_DISPATCH(choose_row_sums)(); }
AffineFn affine_f32() { return HWY_DYNAMIC_DISPATCH(choose_affine)(); }
NormalizeBackFn normalize_back_f32() { return HWY_DYNAMIC_DISPATCH(choose_normalize_back)(); }
LayerNormFn layer_norm_f32() { return HWY_DYNAMIC_DISPATCH(choose_layer_norm)(); }
LayerNormBackFn layer_norm_back_f32() { return HWY_DYNAMIC_DISPATCH(choose_layer_norm_back)(); }
}  // namespace slipway::kernels
#endif
