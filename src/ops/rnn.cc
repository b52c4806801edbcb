// RNN.
#include "ops/batch_rules.h"
#include "ops/contraction.h"
#include "ops/recurrent.h"

namespace slipway {
namespace {

std::vector<Sample> samples() { return ops::recurrent_samples(kernels::Cell::rnn); }

}  // namespace

OPERATOR(rnn) = {
    .name = "RNN",
    .since = 1,
    .doc = "h = f(X W + h R + b), step by step; Y holds every h, Y_h the last.",
    .inputs = {3, 6},
    .outputs = {0, 5},
    .attributes = {{ops::kDirection, ops::kHiddenSize, ops::kLayout, ops::kClip, ops::kActivations,
                    ops::kActivationsAlpha, ops::kActivationsBeta, ops::kCompute}},
    .infer = ops::infer_recurrent,
    .cpu = ops::prepare_recurrent,
    .gradient = ops::recurrent_gradient,
    .batch = ops::batch::recurrent,
    .tflite = {"FULLY_CONNECTED", "step by step, up to 1024 of them, ADD and TANH; states stay inputs and outputs"},
    .samples = samples,
};

}  // namespace slipway
