// Card: BitwiseNot.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::IntegerTypes>(c, [](auto x) { return static_cast<decltype(x)>(~x); });
}

std::vector<Sample> samples() { return ops::unary_samples(-100, 100, {}, DType::i32); }

}  // namespace

OPERATOR(bitwise_not) = {
    .name = "BitwiseNot",
    .since = 18,
    .doc = "Every bit flipped.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
