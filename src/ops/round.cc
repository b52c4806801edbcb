// Card: Round.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::nearbyint(x); }, kernels::Unary::round);
}

}  // namespace

OPERATOR(round) = {
    .name = "Round",
    .since = 11,
    .doc = "The nearest integer, ties to even.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"ROUND"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
