// Optimizer updates: one pass that reads parameter, gradient and state once and writes parameter and state once.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// What a pass reads and writes of one parameter, by group. Every output may be any of the inputs.
struct OptimizerTensors {
  const float* in[4];
  float* out[3];
};

// Elements [begin, end).
template <typename Step>
using OptimizerFn = void (*)(const OptimizerTensors& t, int64_t begin, int64_t end, const Step& step);

// Adam with bias correction (Kingma & Ba 2015, algorithm 1) and decoupled decay (Loshchilov & Hutter 2019):
//   m' = beta_1 m + (1 - beta_1) g        v' = beta_2 v + (1 - beta_2) g^2
//   p' = keep p - rate m' / (root sqrt(v') + epsilon)
// where keep = 1 - lr decay, rate = lr / (1 - beta_1^t), root = 1 / sqrt(1 - beta_2^t). In: p, g, m, v. Out: p, m, v.
struct AdamStep {
  float beta_1;
  float beta_2;
  float epsilon;
  float rate;
  float root;
  float keep;
};
// The step at time t = 1, 2, …
AdamStep adam_step(float learning_rate, int64_t t, float beta_1, float beta_2, float epsilon, float weight_decay);
OptimizerFn<AdamStep> adam_f32();

// Stochastic gradient descent with momentum (PyTorch's form, whose velocity does not hold the learning rate):
//   d = g + decay p;  v' = momentum v + d;  p' = p - lr (nesterov ? d + momentum v' : v')
// In: p, g, v. Out: p, v. v of nullptr: no momentum.
struct SgdStep {
  float learning_rate;
  float momentum;
  float weight_decay;
  bool nesterov;
};
OptimizerFn<SgdStep> sgd_f32();

// RMSprop (T. Tieleman, G. Hinton, Coursera lecture 6.5, 2012) in Keras's form:
//   v' = rho v + (1 - rho) g^2;  b' = momentum b + lr g / sqrt(v' + epsilon);  p' = keep p - b'
// In: p, g, v, b. Out: p, v, b. b of nullptr: no momentum.
struct RmspropStep {
  float learning_rate;
  float rho;
  float momentum;
  float epsilon;
  float keep;
};
OptimizerFn<RmspropStep> rmsprop_f32();

// Adagrad (J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2011) in Keras's form:
//   a' = a + g^2;  p' = keep p - lr g / sqrt(a' + epsilon)
// In: p, g, a. Out: p, a.
struct AdagradStep {
  float learning_rate;
  float epsilon;
  float keep;
};
OptimizerFn<AdagradStep> adagrad_f32();

// Lion (X. Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2):
//   p' = keep p - lr sign(beta_1 m + (1 - beta_1) g);  m' = beta_2 m + (1 - beta_2) g
// In: p, g, m. Out: p, m.
struct LionStep {
  float learning_rate;
  float beta_1;
  float beta_2;
  float keep;
};
OptimizerFn<LionStep> lion_f32();

// LAMB (Y. You et al., "Large Batch Optimization for Deep Learning", ICLR 2020, algorithm 2), in two passes because the
// step of every element depends on two norms:
//   m', v' as Adam;  u = rate m' / (root sqrt(v') + epsilon) + decay p, where rate and root do not hold lr
//   p' = p - lr (|p| / |u|) u, the ratio 1 where |p| or |u| is 0
// The first pass only sums, the second writes everything. In: p, g, m, v. Out: p, m, v.
struct LambNorms {
  double p = 0;  // sums of squares
  double u = 0;
};
struct LambStep {
  AdamStep adam;  // of learning rate 1; keep is not used
  float weight_decay;
  float scale;  // lr |p| / |u|, for the second pass
};
// The part of [begin, end) in the norms.
using LambNormsFn = LambNorms (*)(const OptimizerTensors& t, int64_t begin, int64_t end, const LambStep& step);
LambNormsFn lamb_norms_f32();
OptimizerFn<LambStep> lamb_f32();

// average' = momentum average + (1 - momentum) x. In: average, x. Out: average.
struct AverageStep {
  float momentum;
};
OptimizerFn<AverageStep> average_f32();

}  // namespace slipway::kernels
