// Card: Ceil.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::ceil(x); }, kernels::Unary::ceil);
}

}  // namespace

OPERATOR(ceil) = {
    .name = "Ceil",
    .doc = "The smallest integer not below x.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"CEIL"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
