// Card: Sqrt.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::sqrt(x); }, kernels::Unary::sqrt);
}

// dx = dy / (2 y)
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.div(ops::scaled(b, dy[0], 0.5), y[0])};
}

std::vector<Sample> samples() { return ops::unary_samples(0.2, 4); }

}  // namespace

OPERATOR(sqrt) = {
    .name = "Sqrt",
    .doc = "x^(1/2); NaN below 0.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"SQRT"},
    .samples = samples,
};

}  // namespace slipway
