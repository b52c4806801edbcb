// Card: ReluGrad.
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_binary<ops::FloatTypes>(
      c, [](auto a, auto b) { return b > 0 ? a : decltype(a){0}; }, kernels::Binary::relu_grad);
}

// With a = ReluGrad's dy: da = y > 0 ? dy : 0; flat in y
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.op("ReluGrad", {dy[0], x[1]}, {}, "slipway"), {}};
}

std::vector<Sample> samples() { return {{.inputs = {ops::random_input({3, 21}), ops::random_input({3, 21}, 0.1, 1)}}}; }

}  // namespace

OPERATOR(relu_grad) = {
    .name = "ReluGrad",
    .domain = "slipway",
    .doc = "y > 0 ? dy : 0 with y = Relu(x).",
    .inputs = {2, 2},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
