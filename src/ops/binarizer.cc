// ai.onnx.ml Binarizer.
#include "ops/batch_rules.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  float threshold = c.node().real("threshold");
  return ops::prepare_unary<ops::MlTypes>(
      c, [=](auto x) { return static_cast<decltype(x)>(static_cast<float>(x) > threshold ? 1 : 0); });
}

std::vector<Sample> samples() { return ops::unary_samples(-1, 1, {{"threshold", 0.25f}}); }

}  // namespace

OPERATOR(binarizer) = {
    .name = "Binarizer",
    .domain = ops::kMl,
    .doc = "x > threshold ? 1 : 0",
    .attributes = {{{"threshold", 0.0f}}},
    .infer = ops::infer_same,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise_of_first,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
