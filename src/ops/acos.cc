// Card: Acos.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(c, [](auto x) { return std::acos(x); });
}

// dx = -dy / sqrt(1 - x^2)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.neg(b.div(dy[0], b.op("Sqrt", {b.sub(ops::scalar_like(b, 1, x[0]), b.mul(x[0], x[0]))})))};
}

std::vector<Sample> samples() { return ops::unary_samples(-0.9, 0.9); }

}  // namespace

OPERATOR(acos) = {
    .name = "Acos",
    .since = 7,
    .doc = "The angle in [0, pi] whose cosine is x; NaN outside [-1, 1].",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
