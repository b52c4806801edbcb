// Card: Softmax.
#include "ops/softmax.h"
#include "ops/batch_rules.h"

#include "graph/builder.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) { return ops::prepare_softmax<false>(c); }

// dx = y (dy - sum(y dy, axis))
Result<Values> gradient(Builder& b, const Node& n, const Values&, const Values& y, const Values& dy) {
  return Values{b.op("SoftmaxGrad", {y[0], dy[0]}, {{"axis", n.integer("axis")}}, "slipway")};
}

}  // namespace

OPERATOR(softmax) = {
    .name = "Softmax",
    .doc = "e^x / sum(e^x) along `axis`.",
    .attributes = {{{"axis", -1}}},
    .infer = ops::infer_along_axis,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::along_axis,
    .quant = {Quant::fixed_output, 1.f / 256, -128},
    .tflite = {"SOFTMAX", "last axis only, else wrapped in Transpose"},
    .samples = ops::along_axis_samples,
};

}  // namespace slipway
