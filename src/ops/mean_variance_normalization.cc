// MeanVarianceNormalization.
#include "ops/batch_rules.h"
#include "ops/body.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Values body(Builder& b, const Node& n, const Values& x) {
  std::vector<int64_t> wanted = n.ints("axes");
  ValueId axes = b.ints(wanted.empty() ? std::vector<int64_t>{0, 2, 3} : wanted);
  ValueId centred = b.sub(x[0], b.op("ReduceMean", {x[0], axes}));
  ValueId variance = b.op("ReduceMean", {b.mul(centred, centred), axes});
  return {b.div(centred, b.add(b.op("Sqrt", {variance}), ops::scalar_like(b, 1e-9, x[0])))};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({2, 3, 3, 2})}},
          {.inputs = {ops::random_input({4, 5})}, .attributes = {{"axes", std::vector<int64_t>{1}}}}};
}

}  // namespace

OPERATOR(mean_variance_normalization) = {
    .name = "MeanVarianceNormalization",
    .since = 9,
    .doc = "(x - mean) / (deviation + 1e-9) over `axes`, by default batch and positions of [N, C, H, W].",
    .attributes = {{{"axes", kOptionalInts}}},
    .infer = ops::infer_body<body>,
    .cpu = ops::prepare_body<body>,
    .gradient = ops::gradient_of_body<body>,
    .batch = ops::batch::mean_variance,
    .tflite = {nullptr, "not written yet; ReduceMean, Sub, Mul, Sqrt and Div say the same"},
    .samples = samples,
};

}  // namespace slipway
