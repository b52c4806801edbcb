// Card: Sinh.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(c, [](auto x) { return std::sinh(x); });
}

// dx = dy cosh(x)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.mul(dy[0], b.op("Cosh", {x[0]}))};
}

}  // namespace

OPERATOR(sinh) = {
    .name = "Sinh",
    .since = 9,
    .doc = "(e^x - e^-x) / 2",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
