// Identity.
#include "ops/batch_rules.h"
#include "ops/infer.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// dx = dy
Result<Values> gradient(Builder&, const Node&, const Values&, const Values&, const Values& dy) { return Values{dy[0]}; }

Status infer(InferContext& c) {
  c.set_type(0, c.type(0));
  return {};
}

std::vector<Sample> samples() { return {{.inputs = {ops::sample({2, 3})}}}; }

}  // namespace

OPERATOR(identity) = {
    .name = "Identity",
    .since = 1,
    .doc = "y = x.",
    .infer = infer,
    .gradient = gradient,
    .view = true,
    .batch = ops::batch::elementwise,
    .any_types = true,
    .quant = {Quant::passes},
    .tflite = {"RESHAPE", "to its own shape"},
    .samples = samples,
};

}  // namespace slipway
