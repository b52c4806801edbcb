// Card: TanhGrad.
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_binary<ops::FloatTypes>(
      c, [](auto a, auto b) { return a * (1 - b * b); }, kernels::Binary::tanh_grad);
}

// For z = a (1 - b^2): da = dz (1 - b^2), db = -2 dz a b
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  ValueId db = ops::scaled(b, b.mul(b.mul(dy[0], x[0]), x[1]), -2);
  return Values{b.op("TanhGrad", {dy[0], x[1]}, {}, "slipway"), db};
}

std::vector<Sample> samples() { return {{.inputs = {ops::random_input({3, 21}), ops::random_input({3, 21})}}}; }

}  // namespace

OPERATOR(tanh_grad) = {
    .name = "TanhGrad",
    .domain = "slipway",
    .doc = "dy (1 - y^2) with y = Tanh(x).",
    .inputs = {2, 2},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
