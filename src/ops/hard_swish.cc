// Card: HardSwish.
#include <algorithm>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return x * std::clamp<decltype(x)>(x / 6 + decltype(x){0.5}, 0, 1); },
      kernels::Unary::hard_swish);
}

// dx = x <= -3 ? 0 : x > 3 ? dy : dy (x / 3 + 1/2)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  ValueId middle = b.mul(dy[0], b.add(ops::scaled(b, x[0], 1.0 / 3), ops::scalar_like(b, 0.5, x[0])));
  ValueId above = b.op("Greater", {x[0], ops::scalar_like(b, 3, x[0])});
  ValueId inside = b.op("Greater", {x[0], ops::scalar_like(b, -3, x[0])});
  return Values{ops::where_or_zero(b, inside, b.op("Where", {above, dy[0], middle}))};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(-2.9, 2.9);
  for (const Sample& above : ops::unary_samples(3.1, 5)) cases.push_back(above);
  for (const Sample& below : ops::unary_samples(-5, -3.1)) cases.push_back(below);
  return cases;
}

}  // namespace

OPERATOR(hard_swish) = {
    .name = "HardSwish",
    .since = 14,
    .doc = "x max(0, min(1, x / 6 + 1/2))",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"HARD_SWISH"},
    .samples = samples,
};

}  // namespace slipway
