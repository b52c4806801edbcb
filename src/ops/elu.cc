// Card: Elu.
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
      c, [=](auto x) { return x > 0 ? x : static_cast<decltype(x)>(alpha * std::expm1(x)); }, kernels::Unary::elu,
      {alpha});
}

// dx = x > 0 ? dy : dy (y + alpha)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  ValueId above = b.op("Greater", {x[0], ops::scalar_like(b, 0, x[0])});
  ValueId slope = b.add(y[0], ops::scalar_like(b, n.real("alpha"), y[0]));
  return Values{b.op("Where", {above, dy[0], b.mul(dy[0], slope)})};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(0.1, 3);
  for (const Sample& below : ops::unary_samples(-3, -0.1)) cases.push_back(below);
  return cases;
}

}  // namespace

OPERATOR(elu) = {
    .name = "Elu",
    .doc = "x > 0 ? x : alpha (e^x - 1)",
    .attributes = {{{"alpha", 1.0f}}},
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"ELU", "alpha = 1 only"},
    .samples = samples,
};

}  // namespace slipway
