// Card: Mish.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return x * std::tanh(std::fmax(x, decltype(x){0}) + std::log1p(std::exp(-std::fabs(x)))); },
      kernels::Unary::mish);
}

// With t = tanh(softplus(x)): dx = dy (t + x sigmoid(x) (1 - t^2))
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  ValueId t = b.op("Tanh", {b.op("Softplus", {x[0]})});
  ValueId turn = b.op("TanhGrad", {b.mul(x[0], b.op("Sigmoid", {x[0]})), t}, {}, "slipway");
  return Values{b.mul(dy[0], b.add(t, turn))};
}

}  // namespace

OPERATOR(mish) = {
    .name = "Mish",
    .since = 18,
    .doc = "x tanh(log(1 + e^x))",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
