// Card: Floor.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::floor(x); }, kernels::Unary::floor);
}

}  // namespace

OPERATOR(floor) = {
    .name = "Floor",
    .doc = "The largest integer not above x.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"FLOOR"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
