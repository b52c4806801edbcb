// Card: Tanh.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::tanh(x); }, kernels::Unary::tanh);
}

// dx = dy (1 - y^2)
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.op("TanhGrad", {dy[0], y[0]}, {}, "slipway")};
}

}  // namespace

OPERATOR(tanh) = {
    .name = "Tanh",
    .doc = "(e^x - e^-x) / (e^x + e^-x)",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .quant = {Quant::fixed_output, 1.f / 128, 0},
    .tflite = {"TANH"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
