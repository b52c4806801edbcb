// GRU.
#include "ops/batch_rules.h"
#include "ops/contraction.h"
#include "ops/recurrent.h"

namespace slipway {
namespace {

std::vector<Sample> samples() {
  std::vector<Sample> all = ops::recurrent_samples(kernels::Cell::gru);
  for (size_t i = 0; i < 2; ++i) {
    all.push_back(all[i]);
    all.back().attributes.set("linear_before_reset", int64_t{1});
  }
  return all;
}

}  // namespace

OPERATOR(gru) = {
    .name = "GRU",
    .since = 1,
    .doc =
        "z, r = f(X W + h R + b), h~ = g(X W + (r h) R + b), or g(X W + b + r (h R + b)) with `linear_before_reset`, "
        "h = (1 - z) h~ + z h, step by step; Y holds every h, Y_h the last.",
    .inputs = {3, 6},
    .outputs = {0, 5},
    .attributes = {{ops::kDirection,
                    ops::kHiddenSize,
                    ops::kLayout,
                    ops::kClip,
                    ops::kActivations,
                    ops::kActivationsAlpha,
                    ops::kActivationsBeta,
                    {"linear_before_reset", 0},
                    ops::kCompute}},
    .infer = ops::infer_recurrent,
    .cpu = ops::prepare_recurrent,
    .gradient = ops::recurrent_gradient,
    .batch = ops::batch::recurrent,
    .tflite = {"FULLY_CONNECTED", "step by step, up to 1024 of them, LOGISTIC, TANH, MUL, ADD, SUB"},
    .samples = samples,
};

}  // namespace slipway
