// Optimizer updates: one pass that reads parameter, gradient and state once and writes parameter and state once.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// Adam with bias correction (Kingma & Ba 2015, algorithm 1) and decoupled decay (Loshchilov & Hutter 2019):
//   m' = beta_1 m + (1 - beta_1) g        v' = beta_2 v + (1 - beta_2) g^2
//   p' = keep p - rate m' / (root sqrt(v') + epsilon)
// where keep = 1 - lr decay, rate = lr / (1 - beta_1^t), root = 1 / sqrt(1 - beta_2^t).
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

struct AdamTensors {
  const float* p;
  const float* g;
  const float* m;
  const float* v;
  float* p_new;
  float* m_new;
  float* v_new;
};
// Elements [begin, end). Every output may be any of the inputs.
using AdamFn = void (*)(const AdamTensors& t, int64_t begin, int64_t end, const AdamStep& step);
AdamFn adam_f32();

// Stochastic gradient descent with momentum (PyTorch's form, whose velocity does not hold the learning rate):
//   d = g + decay p;  v' = momentum v + d;  p' = p - lr (nesterov ? d + momentum v' : v')
struct SgdStep {
  float learning_rate;
  float momentum;
  float weight_decay;
  bool nesterov;
};
struct SgdTensors {
  const float* p;
  const float* g;
  const float* v;  // nullptr: no momentum
  float* p_new;
  float* v_new;
};
using SgdFn = void (*)(const SgdTensors& t, int64_t begin, int64_t end, const SgdStep& step);
SgdFn sgd_f32();

}  // namespace slipway::kernels
