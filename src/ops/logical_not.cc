// Card: Not.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::BoolType>(c, [](auto x) { return !x; });
}

std::vector<Sample> samples() { return {{.inputs = {ops::given(Tensor::of<bool>({3}, {true, false, true}))}}}; }

}  // namespace

OPERATOR(logical_not) = {
    .name = "Not",
    .doc = "The logical negation.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"LOGICAL_NOT"},
    .samples = samples,
};

}  // namespace slipway
