// GroupNormalization.
#include "ops/group_normalization.h"
#include "ops/batch_rules.h"

#include "ops/samples.h"

namespace slipway {
namespace {

std::vector<Sample> samples() {
  using ops::random_input;
  return {{.inputs = {random_input({2, 6, 3, 2}), random_input({6}), random_input({6})},
           .attributes = {{"num_groups", int64_t{3}}}}};
}

}  // namespace

OPERATOR(group_normalization) = {
    .name = "GroupNormalization",
    .since = 18,
    .doc = "(x - mean) / sqrt(variance + epsilon) * scale + bias over each of `num_groups` runs of channels.",
    .inputs = {3, 3},
    .attributes = {{{"epsilon", 1e-5f}, {"num_groups", kRequiredInt}, {"stash_type", 1}}},
    .infer = ops::infer_group_normalization,
    .cpu = ops::prepare_group_normalization,
    .gradient = ops::group_normalization_gradient,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "TFLite has no normalization over groups of channels"},
    .samples = samples,
};

}  // namespace slipway
