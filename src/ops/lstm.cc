// LSTM.
#include "ops/batch_rules.h"
#include "ops/contraction.h"
#include "ops/recurrent.h"

namespace slipway {
namespace {

std::vector<Sample> samples() { return ops::recurrent_samples(kernels::Cell::lstm); }

}  // namespace

OPERATOR(lstm) = {
    .name = "LSTM",
    .since = 1,
    .doc =
        "i, o, f = f(X W + h R + b) (with peepholes + P c), c = f c + i g(X W + h R + b), h = o h(c), step by step; Y "
        "holds every h, Y_h and Y_c the last.",
    .inputs = {3, 8},
    .outputs = {0, 5},
    .attributes = {{ops::kDirection,
                    ops::kHiddenSize,
                    ops::kLayout,
                    ops::kClip,
                    ops::kActivations,
                    ops::kActivationsAlpha,
                    ops::kActivationsBeta,
                    {"input_forget", 0},
                    ops::kCompute}},
    .infer = ops::infer_recurrent,
    .cpu = ops::prepare_recurrent,
    .gradient = ops::recurrent_gradient,
    .batch = ops::batch::recurrent,
    .tflite = {"FULLY_CONNECTED",
               "step by step, up to 1024 of them, LOGISTIC, TANH, MUL, ADD; states stay inputs and outputs"},
    .samples = samples,
};

}  // namespace slipway
