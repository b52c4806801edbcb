// Card: Celu.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  float alpha = c.node().real("alpha");
  return ops::prepare_unary<ops::FloatTypes>(
      c, [=](auto x) { return x > 0 ? x : static_cast<decltype(x)>(alpha * std::expm1(x / alpha)); },
      kernels::Unary::celu, {alpha});
}

// dx = x > 0 ? dy : dy (y / alpha + 1)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  ValueId above = b.op("Greater", {x[0], ops::scalar_like(b, 0, x[0])});
  ValueId slope = b.add(ops::scaled(b, y[0], 1.0 / n.real("alpha")), ops::scalar_like(b, 1, y[0]));
  return Values{b.op("Where", {above, dy[0], b.mul(dy[0], slope)})};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(0.1, 3, {{"alpha", 2.0f}});
  for (const Sample& below : ops::unary_samples(-3, -0.1, {{"alpha", 2.0f}})) cases.push_back(below);
  return cases;
}

}  // namespace

OPERATOR(celu) = {
    .name = "Celu",
    .since = 12,
    .doc = "max(x, 0) + min(0, alpha (e^(x / alpha) - 1))",
    .attributes = {{{"alpha", 1.0f}}},
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
