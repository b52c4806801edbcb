// Vectorized float32 functions of one argument.
#include "kernels/cpu/targets.h"
#include "kernels/elementwise.h"
#include "kernels/gelu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/unary.cc"
#include <cmath>
#include <limits>

#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

struct Formula {
  Params p;
};
#define SLIPWAY_FORMULA(name)                \
  struct name : Formula {                    \
    HWY_INLINE V operator()(D d, V x) const; \
  };                                         \
  HWY_INLINE V name::operator()([[maybe_unused]] D d, V x) const

SLIPWAY_FORMULA(AbsOf) { return hn::Abs(x); }
SLIPWAY_FORMULA(Ceil) { return hn::Ceil(x); }
SLIPWAY_FORMULA(Floor) { return hn::Floor(x); }
SLIPWAY_FORMULA(RoundEven) { return hn::Round(x); }
SLIPWAY_FORMULA(NegOf) { return hn::Neg(x); }
SLIPWAY_FORMULA(SqrtOf) { return hn::Sqrt(x); }
SLIPWAY_FORMULA(Square) { return hn::Mul(x, x); }
SLIPWAY_FORMULA(Cube) { return hn::Mul(hn::Mul(x, x), x); }
SLIPWAY_FORMULA(Reciprocal) { return hn::Div(constant(d, 1), x); }
SLIPWAY_FORMULA(ErfOf) { return erf(d, x); }
SLIPWAY_FORMULA(ExpOf) { return exp(d, x); }
SLIPWAY_FORMULA(LogOf) { return log(d, x); }
SLIPWAY_FORMULA(SigmoidOf) { return sigmoid(d, x); }
SLIPWAY_FORMULA(TanhOf) { return tanh(d, x); }
SLIPWAY_FORMULA(Relu) { return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x); }
SLIPWAY_FORMULA(LeakyRelu) { return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(x, hn::Set(d, p.alpha)), x); }
SLIPWAY_FORMULA(ThresholdedRelu) { return hn::IfThenElseZero(hn::Gt(x, hn::Set(d, p.alpha)), x); }
SLIPWAY_FORMULA(Softsign) { return hn::Div(x, hn::Add(constant(d, 1), hn::Abs(x))); }

SLIPWAY_FORMULA(SquareRootPower) {
  const V infinity = constant(d, std::numeric_limits<float>::infinity());
  const V root = hn::Sqrt(hn::Add(x, hn::Zero(d)));  // -0 + 0 is 0
  return hn::IfThenElse(hn::Eq(x, hn::Neg(infinity)), infinity, root);
}

SLIPWAY_FORMULA(Sign) {
  const V one = hn::CopySign(constant(d, 1), x);
  return hn::IfThenElse(hn::Or(hn::Lt(x, hn::Zero(d)), hn::Gt(x, hn::Zero(d))), one, x);
}

// NaN stays NaN.
SLIPWAY_FORMULA(Clip) {
  const V low = hn::Set(d, p.alpha);
  const V high = hn::Set(d, p.beta);
  const V raised = hn::IfThenElse(hn::Lt(x, low), low, x);
  return hn::IfThenElse(hn::Gt(raised, high), high, raised);
}

SLIPWAY_FORMULA(Elu) {
  const V below = hn::Mul(hn::Set(d, p.alpha), expm1(d, x));
  return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, below);
}

SLIPWAY_FORMULA(Celu) {
  const V alpha = hn::Set(d, p.alpha);
  const V below = hn::Mul(alpha, expm1(d, hn::Div(x, alpha)));
  return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, below);
}

SLIPWAY_FORMULA(Selu) {
  const V below = hn::Mul(hn::Set(d, p.alpha), expm1(d, x));
  return hn::Mul(hn::Set(d, p.beta), hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, below));
}

SLIPWAY_FORMULA(HardSigmoid) {
  const V line = hn::MulAdd(x, hn::Set(d, p.alpha), hn::Set(d, p.beta));
  const V raised = hn::IfThenZeroElse(hn::Lt(line, hn::Zero(d)), line);
  return hn::IfThenElse(hn::Gt(raised, constant(d, 1)), constant(d, 1), raised);
}

SLIPWAY_FORMULA(HardSwish) { return hn::Mul(x, HardSigmoid{{{1.f / 6, 0.5f}}}(d, x)); }

// max(x, 0) + log1p(e^-|x|)
HWY_INLINE V softplus(D d, V x) {
  const V positive = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  return hn::Add(positive, log1p(d, exp(d, hn::Neg(hn::Abs(x)))));
}
SLIPWAY_FORMULA(Softplus) { return softplus(d, x); }
SLIPWAY_FORMULA(Mish) { return hn::Mul(x, tanh(d, softplus(d, x))); }

SLIPWAY_FORMULA(Gelu) {
  const V half = hn::Mul(x, constant(d, 0.5));
  return hn::MulAdd(half, erf(d, hn::Mul(x, constant(d, kInvSqrt2))), half);
}

SLIPWAY_FORMULA(GeluTanh) {
  const V half = hn::Mul(x, constant(d, 0.5));
  const V cubic = hn::MulAdd(hn::Mul(hn::Mul(x, x), x), constant(d, kGeluCubic), x);
  return hn::MulAdd(half, tanh(d, hn::Mul(cubic, constant(d, kSqrt2OverPi))), half);
}

// Lanes outside the range of the vector polynomial go through libm.
template <float (*Libm)(float)>
HWY_INLINE V far_lanes(D d, V x, V y) {
  const auto near = hn::Le(hn::Abs(x), constant(d, 39000));
  if (HWY_LIKELY(hn::AllTrue(d, near))) return y;
  HWY_ALIGN float from[HWY_MAX_BYTES / sizeof(float)];
  HWY_ALIGN float to[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(x, d, from);
  for (size_t i = 0; i < hn::Lanes(d); ++i) to[i] = Libm(from[i]);
  return hn::IfThenElse(near, y, hn::Load(d, to));
}
SLIPWAY_FORMULA(SinOf) { return far_lanes<std::sin>(d, x, hn::Sin(d, x)); }
SLIPWAY_FORMULA(CosOf) { return far_lanes<std::cos>(d, x, hn::Cos(d, x)); }

#undef SLIPWAY_FORMULA

template <class F>
void apply(const float* x, float* y, int64_t n, Params p) {
  map1(x, y, n, F{{p}});
}

}  // namespace

UnaryFn choose_unary(Unary op) {
  switch (op) {
    case Unary::abs: return apply<AbsOf>;
    case Unary::celu: return apply<Celu>;
    case Unary::ceil: return apply<Ceil>;
    case Unary::clip: return apply<Clip>;
    case Unary::cos: return apply<CosOf>;
    case Unary::elu: return apply<Elu>;
    case Unary::erf: return apply<ErfOf>;
    case Unary::exp: return apply<ExpOf>;
    case Unary::floor: return apply<Floor>;
    case Unary::gelu: return apply<Gelu>;
    case Unary::gelu_tanh: return apply<GeluTanh>;
    case Unary::hard_sigmoid: return apply<HardSigmoid>;
    case Unary::hard_swish: return apply<HardSwish>;
    case Unary::leaky_relu: return apply<LeakyRelu>;
    case Unary::log: return apply<LogOf>;
    case Unary::mish: return apply<Mish>;
    case Unary::neg: return apply<NegOf>;
    case Unary::reciprocal: return apply<Reciprocal>;
    case Unary::relu: return apply<Relu>;
    case Unary::round: return apply<RoundEven>;
    case Unary::selu: return apply<Selu>;
    case Unary::sigmoid: return apply<SigmoidOf>;
    case Unary::sign: return apply<Sign>;
    case Unary::sin: return apply<SinOf>;
    case Unary::softplus: return apply<Softplus>;
    case Unary::softsign: return apply<Softsign>;
    case Unary::sqrt: return apply<SqrtOf>;
    case Unary::square: return apply<Square>;
    case Unary::square_root_power: return apply<SquareRootPower>;
    case Unary::cube: return apply<Cube>;
    case Unary::tanh: return apply<TanhOf>;
    case Unary::thresholded_relu: return apply<ThresholdedRelu>;
  }
  return nullptr;
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_unary);
UnaryFn unary_f32(Unary op) { return HWY_DYNAMIC_DISPATCH(choose_unary)(op); }
}  // namespace slipway::kernels
#endif
