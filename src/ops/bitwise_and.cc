// Card: BitwiseAnd.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_binary<ops::IntegerTypes>(c, [](auto a, auto b) { return static_cast<decltype(a)>(a & b); });
}

std::vector<Sample> samples() { return ops::binary_samples(0, 100, DType::i32); }

}  // namespace

OPERATOR(bitwise_and) = {
    .name = "BitwiseAnd",
    .since = 18,
    .doc = "Bits of a and b, with broadcasting.",
    .inputs = {2, 2},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
