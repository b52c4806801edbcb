// Card: Atanh.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(c, [](auto x) { return std::atanh(x); });
}

// dx = dy / (1 - x^2)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.div(dy[0], b.sub(ops::scalar_like(b, 1, x[0]), b.mul(x[0], x[0])))};
}

std::vector<Sample> samples() { return ops::unary_samples(-0.9, 0.9); }

}  // namespace

OPERATOR(atanh) = {
    .name = "Atanh",
    .since = 9,
    .doc = "log((1 + x) / (1 - x)) / 2; NaN outside [-1, 1].",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
