// Card: Sigmoid.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return 1 / (1 + std::exp(-x)); }, kernels::Unary::sigmoid);
}

// dx = dy y (1 - y)
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.op("SigmoidGrad", {dy[0], y[0]}, {}, "slipway")};
}

}  // namespace

OPERATOR(sigmoid) = {
    .name = "Sigmoid",
    .doc = "1 / (1 + e^-x)",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .quant = {Quant::fixed_output, 1.f / 256, -128},
    .tflite = {"LOGISTIC"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
