// Swish.
#include "ops/batch_rules.h"
#include "ops/body.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Values body(Builder& b, const Node& n, const Values& x) {
  float alpha = n.real("alpha");
  ValueId inner = alpha == 1 ? x[0] : ops::scaled(b, x[0], static_cast<double>(alpha));
  return {b.mul(x[0], b.op("Sigmoid", {inner}))};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples();
  cases.push_back({.inputs = {ops::random_input({5})}, .attributes = {{"alpha", 1.5f}}});
  return cases;
}

}  // namespace

OPERATOR(swish) = {
    .name = "Swish",
    .since = 24,
    .doc = "x sigmoid(alpha x)",
    .attributes = {{{"alpha", 1.0f}}},
    .infer = ops::infer_body<body>,
    .cpu = ops::prepare_body<body>,
    .gradient = ops::gradient_of_body<body>,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "not written yet; Sigmoid and Mul say the same"},
    .samples = samples,
};

}  // namespace slipway
