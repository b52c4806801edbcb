// Card: Reciprocal.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return 1 / x; }, kernels::Unary::reciprocal);
}

// dx = -dy y^2
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.neg(b.mul(dy[0], b.mul(y[0], y[0])))};
}

std::vector<Sample> samples() { return ops::unary_samples(0.3, 3); }

}  // namespace

OPERATOR(reciprocal) = {
    .name = "Reciprocal",
    .doc = "1 / x",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"DIV", "1 / x"},
    .samples = samples,
};

}  // namespace slipway
