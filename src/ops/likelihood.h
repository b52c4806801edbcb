// What the cards of class losses share: reduction, labels, weights, ignore_index.
#pragma once

#include "kernels/likelihood.h"
#include "ops/elementwise.h"

namespace slipway::ops {

inline constexpr AttributeSpec kReduction = {"reduction", "mean"};
inline constexpr AttributeSpec kIgnoreIndex = {"ignore_index", kOptionalInt};

// Checks scores [N, C, d...], labels [N, d...] and weights [C] (optional); the inputs begin at `first`.
Status check_likelihood(InferContext& c, size_t first);
// The dimensions of the loss: of the labels for "none", else a scalar. Requires: check_likelihood passed.
Result<Dims> loss_dims(InferContext& c, size_t labels);

// A node's choices, read once.
struct LikelihoodSpec {
  kernels::LikelihoodShape shape;
  kernels::LossReduction reduction;
  bool ignores;
  int64_t ignored;
  bool wide_labels;

  // An error names the first label that is neither ignored nor a class.
  Status check_labels(const void* labels) const;
  // f(labels) with Labels<T, int32_t> or Labels<T, int64_t>.
  template <typename T, typename F>
  void with_labels(const void* labels, const void* weights, F&& f) const {
    const T* w = static_cast<const T*>(weights);
    if (wide_labels) {
      f(kernels::Labels<T, int64_t>{static_cast<const int64_t*>(labels), w, ignores, ignored, shape.c});
    } else {
      f(kernels::Labels<T, int32_t>{static_cast<const int32_t*>(labels), w, ignores, ignored, shape.c});
    }
  }
};
// Scores are input `scores`, labels the next one.
Result<LikelihoodSpec> likelihood_spec(const PrepareContext& c, size_t scores);

// `n`'s reduction and ignore_index, for the gradient's node.
Attributes likelihood_attributes(const Node& n);

// Scores of rank 2, 3 and 4 with every reduction, weights and ignored labels.
std::vector<Sample> likelihood_samples(int outputs);

}  // namespace slipway::ops
