// Card: Cos.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::cos(x); }, kernels::Unary::cos);
}

// dx = -dy sin(x)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.neg(b.mul(dy[0], b.op("Sin", {x[0]})))};
}

}  // namespace

OPERATOR(cos) = {
    .name = "Cos",
    .since = 7,
    .doc = "cos(x), x in radians.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"COS"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
