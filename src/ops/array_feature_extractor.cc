// ai.onnx.ml ArrayFeatureExtractor.
#include "ops/batch_rules.h"
#include "ops/body.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Values body(Builder& b, const Node&, const Values& x) {
  ValueId indices = b.op("Reshape", {x[1], b.ints({-1})});
  ValueId y = b.op("Gather", {x[0], indices}, {{"axis", int64_t{-1}}});
  if (!b.status().ok()) return {};
  return {b.rank(x[0]) == 1 ? b.op("Unsqueeze", {y, b.ints({0})}) : y};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({3, 4}), ops::given(Tensor::of<int64_t>({2}, {2, 0}))}},
          {.inputs = {ops::random_input({4}), ops::given(Tensor::of<int64_t>({1}, {3}))}}};
}

}  // namespace

OPERATOR(array_feature_extractor) = {
    .name = "ArrayFeatureExtractor",
    .domain = ops::kMl,
    .doc = "The elements of X along its last dimension that Y tells; [1, indices] from a vector.",
    .inputs = {2, 2},
    .infer = ops::infer_body<body>,
    .cpu = ops::prepare_body<body>,
    .gradient = ops::gradient_of_body<body>,
    .batch = ops::batch::array_feature_extractor,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
