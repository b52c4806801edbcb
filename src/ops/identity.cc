// Identity.
#include "ops/infer.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// dx = dy
Result<Values> gradient(Builder&, const Node&, const Values&, const Values&, const Values& dy) { return Values{dy[0]}; }

std::vector<Sample> samples() { return {{.inputs = {ops::sample({2, 3})}}}; }

}  // namespace

OPERATOR(identity) = {
    .name = "Identity",
    .since = 1,
    .doc = "y = x.",
    .infer = ops::infer_same,
    .gradient = gradient,
    .view = true,
    .quant = {Quant::passes},
    .tflite = {"RESHAPE", "to its own shape"},
    .samples = samples,
};

}  // namespace slipway
