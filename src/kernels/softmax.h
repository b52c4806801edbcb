// Softmax and what is built on it, over rows or along a middle dimension.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/loops.h"

namespace slipway::kernels {

// x, y: [n, inner] with the elements of one distribution `inner` apart; y may be x.
// softmax: e^(x - max) / sum(e^(x - max)). log_softmax: x - max - log(sum(e^(x - max))).
using SoftmaxFn = void (*)(const float* x, float* y, int64_t n, int64_t inner);
SoftmaxFn softmax_f32();
SoftmaxFn log_softmax_f32();

// The same for any float type.
template <bool kLog, typename T>
void softmax_any(const T* x, T* y, int64_t n, int64_t inner) {
  using C = Compute<T>;
  for (int64_t k = 0; k < inner; ++k) {
    C most = -std::numeric_limits<C>::infinity();
    for (int64_t i = 0; i < n; ++i) most = std::fmax(most, widen(x[i * inner + k]));
    C sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += std::exp(widen(x[i * inner + k]) - most);
    C log_sum = std::log(sum);
    for (int64_t i = 0; i < n; ++i) {
      C shifted = widen(x[i * inner + k]) - most;
      y[i * inner + k] = convert_element<T>(kLog ? shifted - log_sum : std::exp(shifted) / sum);
    }
  }
}

// dx = y (dy - sum(y dy)) over a distribution of n neighbouring elements; dx may be y or dy.
using SoftmaxGradFn = void (*)(const float* y, const float* dy, float* dx, int64_t n);
SoftmaxGradFn softmax_grad_f32();

// The same for any float type along a middle dimension.
template <typename T>
void softmax_grad_any(const T* y, const T* dy, T* dx, int64_t n, int64_t inner) {
  using C = Compute<T>;
  for (int64_t k = 0; k < inner; ++k) {
    C sum = 0;
    for (int64_t i = k; i < n * inner; i += inner) sum += widen(y[i]) * widen(dy[i]);
    for (int64_t i = k; i < n * inner; i += inner) dx[i] = convert_element<T>(widen(y[i]) * (widen(dy[i]) - sum));
  }
}

struct RowLoss {
  double loss;
  bool correct;  // the first largest element is at `label`
};

// One row of softmax cross entropy with its gradient: loss = -log(softmax(x)[label]),
// dx = (softmax(x) - onehot(label)) * scale. dx may be x. Requires: 0 <= label < n.
using CrossEntropyFn = RowLoss (*)(const float* x, int64_t n, int64_t label, float scale, float* dx);
CrossEntropyFn cross_entropy_f32();

// The same for any float type.
template <typename T>
RowLoss cross_entropy_any(const T* x, int64_t n, int64_t label, T scale, T* dx) {
  int64_t best = 0;
  for (int64_t i = 1; i < n; ++i) best = x[i] > x[best] ? i : best;
  T most = x[best];
  T at_label = x[label];
  T sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::exp(x[i] - most);
  for (int64_t i = 0; i < n; ++i) dx[i] = std::exp(x[i] - most) / sum * scale;
  dx[label] -= scale;
  return {std::log(sum) + (most - at_label), best == label};
}

}  // namespace slipway::kernels
