// Card: SigmoidGrad.
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_binary<ops::FloatTypes>(
      c, [](auto a, auto b) { return a * b * (1 - b); }, kernels::Binary::sigmoid_grad);
}

// For z = a b (1 - b): da = dz b (1 - b), db = dz a (1 - 2 b)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  ValueId two_y = ops::scaled(b, x[1], 2);
  ValueId slope = b.sub(ops::scalar_like(b, 1, two_y), two_y);
  return Values{b.op("SigmoidGrad", {dy[0], x[1]}, {}, "slipway"), b.mul(b.mul(dy[0], x[0]), slope)};
}

std::vector<Sample> samples() { return {{.inputs = {ops::random_input({3, 21}), ops::random_input({3, 21})}}}; }

}  // namespace

OPERATOR(sigmoid_grad) = {
    .name = "SigmoidGrad",
    .domain = "slipway",
    .doc = "dy y (1 - y) with y = Sigmoid(x).",
    .inputs = {2, 2},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
