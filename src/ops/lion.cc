// Card: slipway.Lion, with decoupled decay.
#include "ops/optimizer.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 1, .in_groups = 3, .out_groups = 2};

Status infer(InferContext& c) { return ops::infer_update(c, kLayout); }

Result<Kernel> prepare(const PrepareContext& c) {
  float beta_1 = c.node().real("beta_1"), beta_2 = c.node().real("beta_2"), decay = c.node().real("weight_decay");
  return ops::update_kernel(c, kLayout, kernels::lion_f32(), [=](const KernelArgs& args) {
    float rate = *args.input<float>(0);
    return kernels::LionStep{rate, beta_1, beta_2, 1 - rate * decay};
  });
}

std::vector<Sample> samples() { return ops::update_samples(kLayout, {{"weight_decay", 0.1f}}); }

}  // namespace

OPERATOR(lion) = {
    .name = "Lion",
    .domain = "slipway",
    .doc =
        "x' = (1 - lr weight_decay) x - lr sign(beta_1 m + (1 - beta_1) g), m' = beta_2 m + (1 - beta_2) g: (lr, x1.., "
        "g1.., m1..) -> (x1'.., m1'..). Chen et al. 2023.",
    .inputs = {4, kMany},
    .outputs = {2, kMany},
    .attributes = {{{"beta_1", 0.9f}, {"beta_2", 0.99f}, {"weight_decay", 0.0f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
