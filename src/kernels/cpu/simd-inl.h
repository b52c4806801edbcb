// Vector pieces shared by the float32 kernels: partial loads, loops, functions with libm's special values.
// Included once per target by the files that use hwy/foreach_target.h; not an ordinary header.
#if defined(SLIPWAY_KERNELS_CPU_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SLIPWAY_KERNELS_CPU_SIMD_INL_H_
#undef SLIPWAY_KERNELS_CPU_SIMD_INL_H_
#else
#define SLIPWAY_KERNELS_CPU_SIMD_INL_H_
#endif

#include <cstdint>
#include <cstring>
#include <limits>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// The first n lanes from memory, `rest` in the others. Reads nothing beyond. Requires: 0 < n < Lanes(d).
HWY_INLINE V load_part(D d, const float* from, int64_t n, V rest) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(rest, d, lanes);
  std::memcpy(lanes, from, static_cast<size_t>(n) * sizeof(float));
  return hn::Load(d, lanes);
#else
  const auto mask = hn::FirstN(d, static_cast<size_t>(n));
  return hn::IfThenElse(mask, hn::MaskedLoad(mask, d, from), rest);
#endif
}

// Writes the first n lanes. Requires: 0 < n < Lanes(d).
HWY_INLINE void store_part(V v, D d, float* to, int64_t n) {
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, d, lanes);
  std::memcpy(to, lanes, static_cast<size_t>(n) * sizeof(float));
#else
  hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(n)), d, to);
#endif
}

HWY_INLINE V load_some(D d, const float* from, int64_t n, V rest) {
  return n >= static_cast<int64_t>(hn::Lanes(d)) ? hn::LoadU(d, from) : load_part(d, from, n, rest);
}

HWY_INLINE void store_some(V v, D d, float* to, int64_t n) {
  if (n >= static_cast<int64_t>(hn::Lanes(d))) {
    hn::StoreU(v, d, to);
  } else {
    store_part(v, d, to, n);
  }
}

HWY_INLINE V constant(D d, double value) { return hn::Set(d, static_cast<float>(value)); }

// e^x; 1 ulp. NaN stays NaN.
HWY_INLINE V exp(D d, V x) {
  const V y = hn::Exp(d, hn::Min(x, constant(d, 104)));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

// The natural logarithm; 4 ulp. log(0) = -inf, log(inf) = inf, NaN below 0.
HWY_INLINE V log(D d, V x) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const V infinity = constant(d, kInfinity);
  const auto ordinary = hn::And(hn::Gt(x, hn::Zero(d)), hn::Lt(x, infinity));
  const V y = hn::Log(d, hn::IfThenElse(ordinary, x, constant(d, 1)));
  if (hn::AllTrue(d, ordinary)) return y;
  const V pole =
      hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), constant(d, std::numeric_limits<float>::quiet_NaN()));
  return hn::IfThenElse(ordinary, y, hn::IfThenElse(hn::Eq(x, infinity), x, pole));
}

// log(1 + x); 2 ulp. -inf at -1, NaN below.
HWY_INLINE V log1p(D d, V x) {
  const V one = constant(d, 1);
  const V infinity = constant(d, std::numeric_limits<float>::infinity());
  const auto ordinary = hn::And(hn::Gt(x, hn::Neg(one)), hn::Lt(x, infinity));
  const V y = hn::Log1p(d, hn::IfThenElse(ordinary, x, hn::Zero(d)));
  if (hn::AllTrue(d, ordinary)) return y;
  return hn::IfThenElse(ordinary, y, log(d, hn::Add(x, one)));
}

// e^x - 1; 4 ulp.
HWY_INLINE V expm1(D d, V x) {
  const V y = hn::Expm1(d, hn::Min(x, constant(d, 104)));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

// 1 / (1 + e^-x)
HWY_INLINE V sigmoid(D d, V x) {
  const V one = constant(d, 1);
  return hn::Div(one, hn::Add(one, exp(d, hn::Neg(x))));
}

HWY_INLINE V tanh(D d, V x) { return hn::Tanh(d, x); }

// The error function; 1 ulp. N. Juffa, "Calculating error function in single precision" (two polynomials that meet
// at 475/512: x + x p(x^2) inside, 1 - exp(-q(|x|)) outside).
HWY_INLINE V erf(D d, V x) {
  const V t = hn::Abs(x);
  const V s = hn::Mul(x, x);
  V u = hn::MulAdd(constant(d, -5.96761703e-4), s, constant(d, 4.99119423e-3));
  u = hn::MulAdd(u, s, constant(d, -2.67681349e-2));
  u = hn::MulAdd(u, s, constant(d, 1.12819925e-1));
  u = hn::MulAdd(u, s, constant(d, -3.76125336e-1));
  u = hn::MulAdd(u, s, constant(d, 1.28379166e-1));
  const V inside = hn::MulAdd(u, x, x);
  const V w = hn::Min(t, constant(d, 4));  // erf(4) rounds to 1
  const V w2 = hn::Mul(w, w);
  V r = hn::MulAdd(constant(d, -1.72853470e-5), w, constant(d, 3.83197126e-4));
  const V v = hn::MulAdd(constant(d, -3.88396438e-3), w, constant(d, 2.42546219e-2));
  r = hn::MulAdd(r, w2, v);
  r = hn::MulAdd(r, w, constant(d, -1.06777877e-1));
  r = hn::MulAdd(r, w, constant(d, -6.34846687e-1));
  r = hn::MulAdd(r, w, constant(d, -1.28717512e-1));
  r = hn::MulSub(r, w, w);
  const V outside = hn::CopySign(hn::Sub(constant(d, 1), hn::Exp(d, r)), x);
  return hn::IfThenElse(hn::Gt(t, constant(d, 0.927734375)), outside, inside);
}

// y[i] = f(d, x[i]). x and y may be the same.
template <class F>
HWY_INLINE void map1(const float* x, float* y, int64_t n, const F& f) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, hn::LoadU(d, x + i)), d, y + i);
  if (i < n) store_part(f(d, load_part(d, x + i, n - i, hn::Zero(d))), d, y + i, n - i);
}

// y[i] = f(d, a[i], b[i]). y may be a or b.
template <class F>
HWY_INLINE void map2(const float* a, const float* b, float* y, int64_t n, const F& f) {
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  if (i < n) {
    const V zero = hn::Zero(d);
    store_part(f(d, load_part(d, a + i, n - i, zero), load_part(d, b + i, n - i, zero)), d, y + i, n - i);
  }
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SLIPWAY_KERNELS_CPU_SIMD_INL_H_
