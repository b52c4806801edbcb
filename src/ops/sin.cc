// Card: Sin.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::sin(x); }, kernels::Unary::sin);
}

// dx = dy cos(x)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.mul(dy[0], b.op("Cos", {x[0]}))};
}

}  // namespace

OPERATOR(sin) = {
    .name = "Sin",
    .since = 7,
    .doc = "sin(x), x in radians.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"SIN"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
