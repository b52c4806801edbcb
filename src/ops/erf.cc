// Card: Erf.
#include <cmath>
#include <numbers>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::erf(x); }, kernels::Unary::erf);
}

// dx = dy 2 / sqrt(pi) e^(-x^2)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  ValueId bell = b.op("Exp", {b.neg(b.mul(x[0], x[0]))});
  return Values{b.mul(dy[0], ops::scaled(b, bell, 2 * std::numbers::inv_sqrtpi))};
}

}  // namespace

OPERATOR(erf) = {
    .name = "Erf",
    .since = 9,
    .doc = "2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"EXP", "a rational function of it within 1.5e-7; inside a Gelu it becomes GELU"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
