// Card: Min.
#include "ops/batch_rules.h"
#include "ops/variadic.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_variadic<ops::NumberTypes>(
      c, [](auto a, auto b) { return a < b || a != a ? a : b; }, kernels::Binary::min);
}

}  // namespace

OPERATOR(min) = {
    .name = "Min",
    .doc = "min(x0, x1, ...), with broadcasting; NaN when an operand is.",
    .inputs = {1, kMany},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = ops::extreme_gradient,
    .in_place = true,
    .rows = Rows::aligned,
    .batch = ops::batch::elementwise,
    .quant = {Quant::rescales},
    .tflite = {"MINIMUM", "two operands at a time"},
    .samples = ops::variadic_samples,
};

}  // namespace slipway
