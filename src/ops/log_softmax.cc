// Card: LogSoftmax.
#include "ops/batch_rules.h"
#include "ops/gradient.h"
#include "ops/softmax.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) { return ops::prepare_softmax<true>(c); }

// dx = dy - e^y sum(dy, axis)
Result<Values> gradient(Builder& b, const Node& n, const Values&, const Values& y, const Values& dy) {
  ValueId sum = b.op("ReduceSum", {dy[0], b.ints({n.integer("axis")})});
  return Values{b.sub(dy[0], b.mul(b.op("Exp", {y[0]}), sum))};
}

}  // namespace

OPERATOR(log_softmax) = {
    .name = "LogSoftmax",
    .doc = "x - log(sum(e^x)) along `axis`.",
    .attributes = {{{"axis", -1}}},
    .infer = ops::infer_along_axis,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::along_axis,
    .quant = {Quant::fixed_output, 16.f / 256, 127},
    .tflite = {"LOG_SOFTMAX", "last axis only, else wrapped in Transpose"},
    .samples = ops::along_axis_samples,
};

}  // namespace slipway
