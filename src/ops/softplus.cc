// Card: Softplus.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::fmax(x, decltype(x){0}) + std::log1p(std::exp(-std::fabs(x))); },
      kernels::Unary::softplus);
}

// dx = dy sigmoid(x)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.mul(dy[0], b.op("Sigmoid", {x[0]}))};
}

}  // namespace

OPERATOR(softplus) = {
    .name = "Softplus",
    .doc = "log(1 + e^x)",
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
