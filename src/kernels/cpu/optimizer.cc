// Vectorized float32 optimizer updates.
#include "kernels/optimizer.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/optimizer.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

void adam(const AdamTensors& t, int64_t begin, int64_t end, const AdamStep& s) {
  const D d;
  const V beta_1 = hn::Set(d, s.beta_1);
  const V beta_2 = hn::Set(d, s.beta_2);
  const V rest_1 = hn::Set(d, 1 - s.beta_1);
  const V rest_2 = hn::Set(d, 1 - s.beta_2);
  const V epsilon = hn::Set(d, s.epsilon);
  const V rate = hn::Set(d, s.rate);
  const V root = hn::Set(d, s.root);
  const V keep = hn::Set(d, s.keep);
  const V zero = hn::Zero(d);
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = begin; i < end; i += lanes) {
    const int64_t left = end - i;
    const V g = load_some(d, t.g + i, left, zero);
    const V m = hn::MulAdd(beta_1, load_some(d, t.m + i, left, zero), hn::Mul(rest_1, g));
    const V v = hn::MulAdd(beta_2, load_some(d, t.v + i, left, zero), hn::Mul(rest_2, hn::Mul(g, g)));
    const V p = hn::Mul(keep, load_some(d, t.p + i, left, zero));
    const V step = hn::Div(hn::Mul(rate, m), hn::MulAdd(root, hn::Sqrt(v), epsilon));
    store_some(hn::Sub(p, step), d, t.p_new + i, left);
    store_some(m, d, t.m_new + i, left);
    store_some(v, d, t.v_new + i, left);
  }
}

template <bool kMomentum>
HWY_INLINE void sgd_with(const SgdTensors& t, int64_t begin, int64_t end, const SgdStep& s) {
  const D d;
  const V rate = hn::Set(d, s.learning_rate);
  const V decay = hn::Set(d, s.weight_decay);
  const V momentum = hn::Set(d, s.momentum);
  const V ahead = hn::Set(d, s.nesterov ? s.momentum : 0);  // how much of v' nesterov adds to d
  const V zero = hn::Zero(d);
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = begin; i < end; i += lanes) {
    const int64_t left = end - i;
    const V p = load_some(d, t.p + i, left, zero);
    const V g = hn::MulAdd(decay, p, load_some(d, t.g + i, left, zero));
    V direction = g;
    if constexpr (kMomentum) {
      const V v = hn::MulAdd(momentum, load_some(d, t.v + i, left, zero), g);
      store_some(v, d, t.v_new + i, left);
      direction = s.nesterov ? hn::MulAdd(ahead, v, g) : v;
    }
    store_some(hn::NegMulAdd(rate, direction, p), d, t.p_new + i, left);
  }
}

void sgd(const SgdTensors& t, int64_t begin, int64_t end, const SgdStep& s) {
  if (t.v != nullptr) {
    sgd_with<true>(t, begin, end, s);
  } else {
    sgd_with<false>(t, begin, end, s);
  }
}

}  // namespace

AdamFn choose_adam() { return adam; }
SgdFn choose_sgd() { return sgd; }

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_adam);
HWY_EXPORT(choose_sgd);
AdamFn adam_f32() { return HWY_DYNAMIC_DISPATCH(choose_adam)(); }
SgdFn sgd_f32() { return HWY_DYNAMIC_DISPATCH(choose_sgd)(); }

AdamStep adam_step(float learning_rate, int64_t t, float beta_1, float beta_2, float epsilon, float weight_decay) {
  double steps = static_cast<double>(std::max<int64_t>(t, 1));
  double correction_1 = 1 - std::pow(static_cast<double>(beta_1), steps);
  double correction_2 = 1 - std::pow(static_cast<double>(beta_2), steps);
  return {.beta_1 = beta_1,
          .beta_2 = beta_2,
          .epsilon = epsilon,
          .rate = static_cast<float>(learning_rate / correction_1),
          .root = static_cast<float>(1 / std::sqrt(correction_2)),
          .keep = 1 - learning_rate * weight_decay};
}
}  // namespace slipway::kernels
#endif
