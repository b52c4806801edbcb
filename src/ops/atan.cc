// Card: Atan.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(c, [](auto x) { return std::atan(x); });
}

// dx = dy / (1 + x^2)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.div(dy[0], b.add(b.mul(x[0], x[0]), ops::scalar_like(b, 1, x[0])))};
}

}  // namespace

OPERATOR(atan) = {
    .name = "Atan",
    .since = 7,
    .doc = "The angle in (-pi/2, pi/2) whose tangent is x.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
