// Card: HardSigmoid.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

template <typename T>
T between(T x) {
  return x < 0 ? T{0} : x > 1 ? T{1} : x;
}

Result<Kernel> prepare(const PrepareContext& c) {
  float alpha = c.node().real("alpha");
  float beta = c.node().real("beta");
  return ops::prepare_unary<ops::FloatTypes>(c, [=](auto x) { return between(alpha * x + beta); },
                                             kernels::Unary::hard_sigmoid, {alpha, beta});
}

// dx = 0 < y < 1 ? alpha dy : 0
Result<Values> gradient(Builder& b, const Node& n, const Values&, const Values& y, const Values& dy) {
  ValueId inside = b.op("And", {b.op("Greater", {y[0], ops::scalar_like(b, 0, y[0])}),
                                b.op("Less", {y[0], ops::scalar_like(b, 1, y[0])})});
  return Values{ops::where_or_zero(b, inside, ops::scaled(b, dy[0], n.real("alpha")))};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(-2.4, 2.4);
  for (const Sample& above : ops::unary_samples(2.6, 4)) cases.push_back(above);
  return cases;
}

}  // namespace

OPERATOR(hard_sigmoid) = {
    .name = "HardSigmoid",
    .doc = "max(0, min(1, alpha x + beta))",
    .attributes = {{{"alpha", 0.2f}, {"beta", 0.5f}}},
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "only inside HARD_SWISH"},
    .samples = samples,
};

}  // namespace slipway
