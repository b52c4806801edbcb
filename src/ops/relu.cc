// Card: Relu.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::SignedTypes>(
      c, [](auto x) { return x < 0 ? decltype(x){0} : x; }, kernels::Unary::relu);
}

// dx = y > 0 ? dy : 0
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.op("ReluGrad", {dy[0], y[0]}, {}, "slipway")};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(0.1, 3);
  for (const Sample& below : ops::unary_samples(-3, -0.1)) cases.push_back(below);
  return cases;
}

}  // namespace

OPERATOR(relu) = {
    .name = "Relu",
    .doc = "max(x, 0); NaN stays NaN.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .quant = {Quant::passes},
    .tflite = {"RELU"},
    .samples = samples,
};

}  // namespace slipway
