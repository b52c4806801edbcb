// Card: Tan.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(c, [](auto x) { return std::tan(x); });
}

// dx = dy (1 + y^2)
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.mul(dy[0], b.add(b.mul(y[0], y[0]), ops::scalar_like(b, 1, y[0])))};
}

std::vector<Sample> samples() { return ops::unary_samples(-1.2, 1.2); }

}  // namespace

OPERATOR(tan) = {
    .name = "Tan",
    .since = 7,
    .doc = "tan(x), x in radians.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
