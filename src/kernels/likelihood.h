// Negative log likelihood of class labels and its gradient.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/loops.h"

namespace slipway::kernels {

enum class LossReduction : uint8_t { none, sum, mean };

// The sizes of log probabilities [N, C, D], of labels [N, D].
struct LikelihoodShape {
  int64_t n;
  int64_t c;
  int64_t d;
};

// Which labels count, and how much. T: element type of the weights, [C] or nullptr.
template <typename T, typename L>
struct Labels {
  const L* labels;
  const T* weights;
  bool ignores;
  int64_t ignored;
  int64_t classes;

  bool skips(int64_t i) const { return ignores && labels[i] == ignored; }
  bool valid(int64_t i) const { return labels[i] >= 0 && labels[i] < classes; }
  // Requires: not skipped, valid.
  double weight(int64_t i) const { return weights != nullptr ? static_cast<double>(widen(weights[labels[i]])) : 1.0; }
};

// loss: [N, D] for none, else one number: -sum(w[label] log_p[label]), for mean divided by the sum of the weights.
// A label outside [0, C) that is not ignored gives NaN.
template <typename T, typename L>
void negative_log_likelihood(const LikelihoodShape& shape, LossReduction reduction, const T* log_p,
                             const Labels<T, L>& labels, T* loss) {
  double sum = 0, weights = 0;
  for (int64_t i = 0; i < shape.n * shape.d; ++i) {
    double term = 0;
    if (!labels.skips(i)) {
      double weight = std::numeric_limits<double>::quiet_NaN();
      if (labels.valid(i)) {
        weight = labels.weight(i);
        int64_t at = (i / shape.d * shape.c + labels.labels[i]) * shape.d + i % shape.d;
        term = -weight * static_cast<double>(widen(log_p[at]));
      } else {
        term = weight;
      }
      weights += weight;
    }
    if (reduction == LossReduction::none) loss[i] = convert_element<T>(term);
    sum += term;
  }
  if (reduction == LossReduction::sum) *loss = convert_element<T>(sum);
  if (reduction == LossReduction::mean) *loss = convert_element<T>(sum / weights);
}

// d_log_p: [N, C, D] = -w[label] dloss at the label (for mean divided by the sum of the weights), 0 elsewhere.
template <typename T, typename L>
void negative_log_likelihood_grad(const LikelihoodShape& shape, LossReduction reduction, const T* dloss,
                                  const Labels<T, L>& labels, T* d_log_p) {
  double total = 0;
  for (int64_t i = 0; i < shape.n * shape.d; ++i) {
    if (!labels.skips(i) && labels.valid(i)) total += labels.weight(i);
  }
  for (int64_t i = 0; i < shape.n * shape.c * shape.d; ++i) d_log_p[i] = convert_element<T>(0.f);
  for (int64_t i = 0; i < shape.n * shape.d; ++i) {
    if (labels.skips(i) || !labels.valid(i)) continue;
    double dy = static_cast<double>(widen(dloss[reduction == LossReduction::none ? i : 0]));
    double slope = -labels.weight(i) * dy / (reduction == LossReduction::mean ? total : 1.0);
    d_log_p[(i / shape.d * shape.c + labels.labels[i]) * shape.d + i % shape.d] = convert_element<T>(slope);
  }
}

}  // namespace slipway::kernels
