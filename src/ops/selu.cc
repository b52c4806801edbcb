// Card: Selu.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  float alpha = c.node().real("alpha");
  float gamma = c.node().real("gamma");
  return ops::prepare_unary<ops::FloatTypes>(
      c, [=](auto x) { return gamma * (x > 0 ? x : static_cast<decltype(x)>(alpha * std::expm1(x))); },
      kernels::Unary::selu, {alpha, gamma});
}

// dx = x > 0 ? gamma dy : dy (y + gamma alpha)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  ValueId above = b.op("Greater", {x[0], ops::scalar_like(b, 0, x[0])});
  double gamma = n.real("gamma"), alpha = n.real("alpha");
  ValueId below = b.mul(dy[0], b.add(y[0], ops::scalar_like(b, gamma * alpha, y[0])));
  return Values{b.op("Where", {above, ops::scaled(b, dy[0], gamma), below})};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(0.1, 3);
  for (const Sample& below : ops::unary_samples(-3, -0.1)) cases.push_back(below);
  return cases;
}

}  // namespace

OPERATOR(selu) = {
    .name = "Selu",
    .doc = "gamma (x > 0 ? x : alpha (e^x - 1))",
    .attributes = {{{"alpha", 1.67326319217681884765625f}, {"gamma", 1.05070102214813232421875f}}},
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
