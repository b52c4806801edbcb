// Card: LeakyRelu.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  float alpha = c.node().real("alpha");
  return ops::prepare_unary<ops::FloatTypes>(c, [=](auto x) { return x < 0 ? x * alpha : x; },
                                             kernels::Unary::leaky_relu, {alpha});
}

// dx = x < 0 ? alpha dy : dy
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId below = b.op("Less", {x[0], ops::scalar_like(b, 0, x[0])});
  return Values{b.op("Where", {below, ops::scaled(b, dy[0], n.real("alpha")), dy[0]})};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(0.1, 3);
  for (const Sample& below : ops::unary_samples(-3, -0.1)) cases.push_back(below);
  return cases;
}

}  // namespace

OPERATOR(leaky_relu) = {
    .name = "LeakyRelu",
    .doc = "x < 0 ? alpha x : x",
    .attributes = {{{"alpha", 0.01f}}},
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"LEAKY_RELU"},
    .samples = samples,
};

}  // namespace slipway
