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

// Up to a vector of elements from `i` on: what the passes below read and write.
struct Block {
  const OptimizerTensors& t;
  int64_t i;
  int64_t left;

  HWY_INLINE V in(size_t group) const { return load_some(D(), t.in[group] + i, left, hn::Zero(D())); }
  HWY_INLINE void out(size_t group, V v) const { store_some(v, D(), t.out[group] + i, left); }
};

template <class F>
HWY_INLINE void each_block(const OptimizerTensors& t, int64_t begin, int64_t end, const F& f) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(D()));
  for (int64_t i = begin; i < end; i += lanes) f(Block{t, i, end - i});
}

void adam(const OptimizerTensors& t, int64_t begin, int64_t end, const AdamStep& s) {
  const D d;
  const V beta_1 = hn::Set(d, s.beta_1);
  const V beta_2 = hn::Set(d, s.beta_2);
  const V rest_1 = hn::Set(d, 1 - s.beta_1);
  const V rest_2 = hn::Set(d, 1 - s.beta_2);
  const V epsilon = hn::Set(d, s.epsilon);
  const V rate = hn::Set(d, s.rate);
  const V root = hn::Set(d, s.root);
  const V keep = hn::Set(d, s.keep);
  each_block(t, begin, end, [&](const Block& b) HWY_ATTR {
    const V g = b.in(1);
    const V m = hn::MulAdd(beta_1, b.in(2), hn::Mul(rest_1, g));
    const V v = hn::MulAdd(beta_2, b.in(3), hn::Mul(rest_2, hn::Mul(g, g)));
    const V p = hn::Mul(keep, b.in(0));
    const V step = hn::Div(hn::Mul(rate, m), hn::MulAdd(root, hn::Sqrt(v), epsilon));
    b.out(0, hn::Sub(p, step));
    b.out(1, m);
    b.out(2, v);
  });
}

template <bool kMomentum>
HWY_INLINE void sgd_with(const OptimizerTensors& t, int64_t begin, int64_t end, const SgdStep& s) {
  const D d;
  const V rate = hn::Set(d, s.learning_rate);
  const V decay = hn::Set(d, s.weight_decay);
  const V momentum = hn::Set(d, s.momentum);
  const V ahead = hn::Set(d, s.nesterov ? s.momentum : 0);  // how much of v' nesterov adds to d
  each_block(t, begin, end, [&](const Block& b) HWY_ATTR {
    const V p = b.in(0);
    const V g = hn::MulAdd(decay, p, b.in(1));
    V direction = g;
    if constexpr (kMomentum) {
      const V v = hn::MulAdd(momentum, b.in(2), g);
      b.out(1, v);
      direction = s.nesterov ? hn::MulAdd(ahead, v, g) : v;
    }
    b.out(0, hn::NegMulAdd(rate, direction, p));
  });
}

void sgd(const OptimizerTensors& t, int64_t begin, int64_t end, const SgdStep& s) {
  if (t.in[2] != nullptr) {
    sgd_with<true>(t, begin, end, s);
  } else {
    sgd_with<false>(t, begin, end, s);
  }
}

void rmsprop(const OptimizerTensors& t, int64_t begin, int64_t end, const RmspropStep& s) {
  const D d;
  const V rate = hn::Set(d, s.learning_rate);
  const V rho = hn::Set(d, s.rho);
  const V rest = hn::Set(d, 1 - s.rho);
  const V momentum = hn::Set(d, s.momentum);
  const V epsilon = hn::Set(d, s.epsilon);
  const V keep = hn::Set(d, s.keep);
  const bool heavy = t.in[3] != nullptr;
  each_block(t, begin, end, [&](const Block& b) HWY_ATTR {
    const V p = b.in(0);
    const V g = b.in(1);
    const V v = hn::MulAdd(rho, b.in(2), hn::Mul(rest, hn::Mul(g, g)));
    V step = hn::Div(hn::Mul(rate, g), hn::Sqrt(hn::Add(v, epsilon)));
    if (heavy) {
      step = hn::MulAdd(momentum, b.in(3), step);
      b.out(2, step);
    }
    b.out(0, hn::MulSub(keep, p, step));
    b.out(1, v);
  });
}

void adagrad(const OptimizerTensors& t, int64_t begin, int64_t end, const AdagradStep& s) {
  const D d;
  const V rate = hn::Set(d, s.learning_rate);
  const V epsilon = hn::Set(d, s.epsilon);
  const V keep = hn::Set(d, s.keep);
  each_block(t, begin, end, [&](const Block& b) HWY_ATTR {
    const V g = b.in(1);
    const V a = hn::MulAdd(g, g, b.in(2));
    const V step = hn::Div(hn::Mul(rate, g), hn::Sqrt(hn::Add(a, epsilon)));
    b.out(0, hn::MulSub(keep, b.in(0), step));
    b.out(1, a);
  });
}

void lion(const OptimizerTensors& t, int64_t begin, int64_t end, const LionStep& s) {
  const D d;
  const V rate = hn::Set(d, s.learning_rate);
  const V beta_1 = hn::Set(d, s.beta_1);
  const V beta_2 = hn::Set(d, s.beta_2);
  const V rest_1 = hn::Set(d, 1 - s.beta_1);
  const V rest_2 = hn::Set(d, 1 - s.beta_2);
  const V keep = hn::Set(d, s.keep);
  const V zero = hn::Zero(d);
  each_block(t, begin, end, [&](const Block& b) HWY_ATTR {
    const V g = b.in(1);
    const V m = b.in(2);
    const V direction = hn::MulAdd(beta_1, m, hn::Mul(rest_1, g));
    const V step = hn::IfThenElse(hn::Eq(direction, zero), zero, hn::CopySign(rate, direction));
    b.out(0, hn::MulSub(keep, b.in(0), step));
    b.out(1, hn::MulAdd(beta_2, m, hn::Mul(rest_2, g)));
  });
}

// One element's new moments and direction.
struct Lamb {
  V beta_1, beta_2, rest_1, rest_2, rate, root, epsilon, decay;

  explicit HWY_INLINE Lamb(const LambStep& s)
      : beta_1(hn::Set(D(), s.adam.beta_1)),
        beta_2(hn::Set(D(), s.adam.beta_2)),
        rest_1(hn::Set(D(), 1 - s.adam.beta_1)),
        rest_2(hn::Set(D(), 1 - s.adam.beta_2)),
        rate(hn::Set(D(), s.adam.rate)),
        root(hn::Set(D(), s.adam.root)),
        epsilon(hn::Set(D(), s.adam.epsilon)),
        decay(hn::Set(D(), s.weight_decay)) {}
  HWY_INLINE V m(const Block& b) const { return hn::MulAdd(beta_1, b.in(2), hn::Mul(rest_1, b.in(1))); }
  HWY_INLINE V v(const Block& b) const {
    const V g = b.in(1);
    return hn::MulAdd(beta_2, b.in(3), hn::Mul(rest_2, hn::Mul(g, g)));
  }
  HWY_INLINE V direction(V p, V m, V v) const {
    return hn::MulAdd(decay, p, hn::Div(hn::Mul(rate, m), hn::MulAdd(root, hn::Sqrt(v), epsilon)));
  }
};

HWY_INLINE double sum_of_squares(V x) { return static_cast<double>(hn::GetLane(hn::SumOfLanes(D(), hn::Mul(x, x)))); }

LambNorms lamb_norms(const OptimizerTensors& t, int64_t begin, int64_t end, const LambStep& s) {
  const Lamb lamb(s);
  LambNorms norms;
  each_block(t, begin, end, [&](const Block& b) HWY_ATTR {
    const V p = b.in(0);
    norms.p += sum_of_squares(p);
    norms.u += sum_of_squares(lamb.direction(p, lamb.m(b), lamb.v(b)));  // lanes beyond the end are 0
  });
  return norms;
}

void lamb(const OptimizerTensors& t, int64_t begin, int64_t end, const LambStep& s) {
  const Lamb lamb(s);
  const V scale = hn::Set(D(), s.scale);
  each_block(t, begin, end, [&](const Block& b) HWY_ATTR {
    const V p = b.in(0);
    const V m = lamb.m(b);
    const V v = lamb.v(b);
    b.out(0, hn::NegMulAdd(scale, lamb.direction(p, m, v), p));
    b.out(1, m);
    b.out(2, v);
  });
}

void average(const OptimizerTensors& t, int64_t begin, int64_t end, const AverageStep& s) {
  const V momentum = hn::Set(D(), s.momentum);
  const V rest = hn::Set(D(), 1 - s.momentum);
  each_block(t, begin, end,
             [&](const Block& b) HWY_ATTR { b.out(0, hn::MulAdd(momentum, b.in(0), hn::Mul(rest, b.in(1)))); });
}

}  // namespace

OptimizerFn<AdamStep> choose_adam() { return adam; }
OptimizerFn<SgdStep> choose_sgd() { return sgd; }
OptimizerFn<RmspropStep> choose_rmsprop() { return rmsprop; }
OptimizerFn<AdagradStep> choose_adagrad() { return adagrad; }
OptimizerFn<LionStep> choose_lion() { return lion; }
LambNormsFn choose_lamb_norms() { return lamb_norms; }
OptimizerFn<LambStep> choose_lamb() { return lamb; }
OptimizerFn<AverageStep> choose_average() { return average; }

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_adam);
HWY_EXPORT(choose_sgd);
HWY_EXPORT(choose_rmsprop);
HWY_EXPORT(choose_adagrad);
HWY_EXPORT(choose_lion);
HWY_EXPORT(choose_lamb_norms);
HWY_EXPORT(choose_lamb);
HWY_EXPORT(choose_average);
OptimizerFn<AdamStep> adam_f32() { return HWY_DYNAMIC_DISPATCH(choose_adam)(); }
OptimizerFn<SgdStep> sgd_f32() { return HWY_DYNAMIC_DISPATCH(choose_sgd)(); }
OptimizerFn<RmspropStep> rmsprop_f32() { return HWY_DYNAMIC_DISPATCH(choose_rmsprop)(); }
OptimizerFn<AdagradStep> adagrad_f32() { return HWY_DYNAMIC_DISPATCH(choose_adagrad)(); }
OptimizerFn<LionStep> lion_f32() { return HWY_DYNAMIC_DISPATCH(choose_lion)(); }
LambNormsFn lamb_norms_f32() { return HWY_DYNAMIC_DISPATCH(choose_lamb_norms)(); }
OptimizerFn<LambStep> lamb_f32() { return HWY_DYNAMIC_DISPATCH(choose_lamb)(); }
OptimizerFn<AverageStep> average_f32() { return HWY_DYNAMIC_DISPATCH(choose_average)(); }

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
