// Vectorized float32 functions of two arguments, each a row or a single number.
#include "kernels/cpu/targets.h"
#include "kernels/elementwise.h"
#include "kernels/gelu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/binary.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

#define SLIPWAY_FORMULA(name)                     \
  struct name {                                   \
    HWY_INLINE V operator()(D d, V a, V b) const; \
  };                                              \
  HWY_INLINE V name::operator()([[maybe_unused]] D d, V a, V b) const

SLIPWAY_FORMULA(Sum) { return hn::Add(a, b); }
SLIPWAY_FORMULA(Difference) { return hn::Sub(a, b); }
SLIPWAY_FORMULA(Product) { return hn::Mul(a, b); }
SLIPWAY_FORMULA(Quotient) { return hn::Div(a, b); }
SLIPWAY_FORMULA(Smaller) { return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b); }
SLIPWAY_FORMULA(Larger) { return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b); }
SLIPWAY_FORMULA(PRelu) { return hn::IfThenElse(hn::Lt(a, hn::Zero(d)), hn::Mul(a, b), a); }
SLIPWAY_FORMULA(ReluGrad) { return hn::IfThenElseZero(hn::Gt(b, hn::Zero(d)), a); }
SLIPWAY_FORMULA(SigmoidGrad) { return hn::Mul(a, hn::NegMulAdd(b, b, b)); }
SLIPWAY_FORMULA(TanhGrad) { return hn::Mul(a, hn::NegMulAdd(b, b, constant(d, 1))); }

SLIPWAY_FORMULA(GeluGrad) {
  const V half = constant(d, 0.5);
  const V cdf = hn::MulAdd(half, erf(d, hn::Mul(b, constant(d, kInvSqrt2))), half);
  const V bell = hn::Exp(d, hn::Mul(hn::Mul(b, b), constant(d, -0.5)));
  return hn::Mul(a, hn::MulAdd(hn::Mul(b, constant(d, 0.39894228040143267794)), bell, cdf));
}

SLIPWAY_FORMULA(GeluTanhGrad) {
  const V one = constant(d, 1);
  const V scale = constant(d, kSqrt2OverPi);
  const V square = hn::Mul(b, b);
  const V u = hn::Mul(hn::Mul(b, hn::MulAdd(square, constant(d, kGeluCubic), one)), scale);
  const V du = hn::Mul(hn::MulAdd(square, constant(d, 3 * kGeluCubic), one), scale);
  const V t = tanh(d, u);
  const V turn = hn::Mul(hn::Mul(b, du), hn::NegMulAdd(t, t, one));
  return hn::Mul(hn::Mul(a, constant(d, 0.5)), hn::Add(hn::Add(t, one), turn));
}

#undef SLIPWAY_FORMULA

// One side fixed.
template <class F>
struct WithLeft {
  V a;
  HWY_INLINE V operator()(D d, V b) const { return F()(d, a, b); }
};
template <class F>
struct WithRight {
  V b;
  HWY_INLINE V operator()(D d, V a) const { return F()(d, a, b); }
};

template <class F>
void apply(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n) {
  const D d;
  if (n <= 0) return;
  if (a_step == 1 && b_step == 1) {
    map2(a, b, y, n, F());
  } else if (a_step == 1) {
    map1(a, y, n, WithRight<F>{hn::Set(d, *b)});
  } else if (b_step == 1) {
    map1(b, y, n, WithLeft<F>{hn::Set(d, *a)});
  } else {
    const V value = F()(d, hn::Set(d, *a), hn::Set(d, *b));
    for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) store_some(value, d, y + i, n - i);
  }
}

}  // namespace

BinaryFn choose_binary(Binary op) {
  switch (op) {
    case Binary::add: return apply<Sum>;
    case Binary::sub: return apply<Difference>;
    case Binary::mul: return apply<Product>;
    case Binary::div: return apply<Quotient>;
    case Binary::min: return apply<Smaller>;
    case Binary::max: return apply<Larger>;
    case Binary::prelu: return apply<PRelu>;
    case Binary::relu_grad: return apply<ReluGrad>;
    case Binary::sigmoid_grad: return apply<SigmoidGrad>;
    case Binary::tanh_grad: return apply<TanhGrad>;
    case Binary::gelu_grad: return apply<GeluGrad>;
    case Binary::gelu_tanh_grad: return apply<GeluTanhGrad>;
  }
  return nullptr;
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_binary);
BinaryFn binary_f32(Binary op) { return HWY_DYNAMIC_DISPATCH(choose_binary)(op); }
}  // namespace slipway::kernels
#endif
