// Card: Softsign.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return x / (1 + std::fabs(x)); }, kernels::Unary::softsign);
}

// dx = dy / (1 + |x|)^2
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  ValueId bottom = b.add(b.op("Abs", {x[0]}), ops::scalar_like(b, 1, x[0]));
  return Values{b.div(dy[0], b.mul(bottom, bottom))};
}

}  // namespace

OPERATOR(softsign) = {
    .name = "Softsign",
    .doc = "x / (1 + |x|)",
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
