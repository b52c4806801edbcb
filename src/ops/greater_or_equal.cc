// Card: GreaterOrEqual.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_comparison<ops::NumberTypes>(c, [](auto a, auto b) { return a >= b; });
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::binary_samples();
  for (const Sample& whole : ops::binary_samples(-2, 2, DType::i32)) cases.push_back(whole);
  return cases;
}

}  // namespace

OPERATOR(greater_or_equal) = {
    .name = "GreaterOrEqual",
    .since = 12,
    .doc = "a >= b, with broadcasting.",
    .inputs = {2, 2},
    .infer = ops::infer_compare,
    .cpu = prepare,
    .batch = ops::batch::elementwise,
    .tflite = {"GREATER_EQUAL"},
    .samples = samples,
};

}  // namespace slipway
