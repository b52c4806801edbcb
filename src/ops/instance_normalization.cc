// InstanceNormalization.
#include "ops/batch_rules.h"
#include "ops/group_normalization.h"
#include "ops/samples.h"

namespace slipway {
namespace {

std::vector<Sample> samples() {
  using ops::random_input;
  return {
      {.inputs = {random_input({2, 3, 4, 2}), random_input({3}), random_input({3})}},
      {.inputs = {random_input({2, 3, 5}), random_input({3}), random_input({3})}, .attributes = {{"epsilon", 0.01f}}}};
}

}  // namespace

OPERATOR(instance_normalization) = {
    .name = "InstanceNormalization",
    .since = 1,
    .doc = "(x - mean) / sqrt(variance + epsilon) * scale + B over the positions of each channel of each element.",
    .inputs = {3, 3},
    .attributes = {{{"epsilon", 1e-5f}}},
    .infer = ops::infer_group_normalization,
    .cpu = ops::prepare_group_normalization,
    .gradient = ops::group_normalization_gradient,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "TFLite has no normalization of single channels"},
    .samples = samples,
};

}  // namespace slipway
