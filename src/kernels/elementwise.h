// Vectorized float32 arithmetic element by element. Each function is chosen once for the machine it runs on.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// Constants of a formula: slopes, limits.
struct Params {
  float alpha = 0;
  float beta = 0;
};

enum class Unary : uint8_t {
  abs,
  celu,  // max(0, x) + min(0, alpha (e^(x/alpha) - 1))
  ceil,
  clip,  // min(max(x, alpha), beta)
  cos,
  elu,  // x > 0: x, else alpha (e^x - 1)
  erf,
  exp,
  floor,
  gelu,          // x/2 (1 + erf(x/sqrt(2)))
  gelu_tanh,     // x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  hard_sigmoid,  // max(0, min(1, alpha x + beta))
  hard_swish,    // x max(0, min(1, x/6 + 1/2))
  leaky_relu,    // x >= 0: x, else alpha x
  log,
  mish,  // x tanh(log(1 + e^x))
  neg,
  reciprocal,
  relu,
  round,  // to nearest, ties to even
  selu,   // x > 0: beta x, else beta alpha (e^x - 1)
  sigmoid,
  sign,
  sin,
  softplus,  // log(1 + e^x)
  softsign,  // x / (1 + |x|)
  sqrt,
  square,
  square_root_power,  // x^(1/2): sqrt(x), but 0 of -0 and inf of -inf
  cube,
  tanh,
  thresholded_relu,  // x > alpha: x, else 0
};

// y[i] = f(x[i]) for n elements; y may be x.
using UnaryFn = void (*)(const float* x, float* y, int64_t n, Params params);
UnaryFn unary_f32(Unary op);

enum class Binary : uint8_t {
  add,
  sub,
  mul,
  div,
  min,             // NaN when either is
  max,             // NaN when either is
  prelu,           // a >= 0: a, else a b
  relu_grad,       // b > 0: a, else 0
  sigmoid_grad,    // a b (1 - b)
  tanh_grad,       // a (1 - b^2)
  gelu_grad,       // a (cdf(b) + b e^(-b^2 / 2) / sqrt(2 pi)) with cdf(b) = (1 + erf(b / sqrt(2))) / 2
  gelu_tanh_grad,  // a ((1 + t) / 2 + b (1 - t^2) u' / 2), t = tanh(u), u = sqrt(2 / pi) (b + 0.044715 b^3)
};

// y[i] = f(a[i * a_step], b[i * b_step]) for n elements; steps are 0 or 1; y may be an operand of step 1.
using BinaryFn = void (*)(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n);
BinaryFn binary_f32(Binary op);

}  // namespace slipway::kernels
