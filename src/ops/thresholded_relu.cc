// Card: ThresholdedRelu.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  float alpha = c.node().real("alpha");
  return ops::prepare_unary<ops::FloatTypes>(c, [=](auto x) { return x > alpha ? x : decltype(x){0}; },
                                             kernels::Unary::thresholded_relu, {alpha});
}

// dx = x > alpha ? dy : 0
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId above = b.op("Greater", {x[0], ops::scalar_like(b, n.real("alpha"), x[0])});
  return Values{ops::where_or_zero(b, above, dy[0])};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(1.1, 3);
  for (const Sample& below : ops::unary_samples(-3, 0.9)) cases.push_back(below);
  return cases;
}

}  // namespace

OPERATOR(thresholded_relu) = {
    .name = "ThresholdedRelu",
    .since = 10,
    .doc = "x > alpha ? x : 0",
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
