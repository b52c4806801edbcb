// Card: slipway.Adam, which is AdamW when weight_decay is set.
#include "ops/optimizer.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 2, .in_groups = 4, .out_groups = 3};

Status infer(InferContext& c) { return ops::infer_update(c, kLayout); }

Result<Kernel> prepare(const PrepareContext& c) {
  float beta_1 = c.node().real("beta_1"), beta_2 = c.node().real("beta_2"), epsilon = c.node().real("epsilon"),
        decay = c.node().real("weight_decay");
  return ops::update_kernel(c, kLayout, kernels::adam_f32(), [=](const KernelArgs& args) {
    return kernels::adam_step(*args.input<float>(0), *args.input<int64_t>(1), beta_1, beta_2, epsilon, decay);
  });
}

std::vector<Sample> samples() { return ops::update_samples(kLayout, {{"weight_decay", 0.1f}}); }

}  // namespace

OPERATOR(adam) = {
    .name = "Adam",
    .domain = "slipway",
    .doc =
        "m' = beta_1 m + (1 - beta_1) g, v' = beta_2 v + (1 - beta_2) g^2, x' = (1 - lr weight_decay) x - lr mhat / "
        "(sqrt(vhat) + epsilon) with mhat = m' / (1 - beta_1^t), vhat = v' / (1 - beta_2^t): (lr, t int64 = 1, 2, "
        "..., x1.., g1.., m1.., v1..) -> (x1'.., m1'.., v1'..). Kingma & Ba 2015; Loshchilov & Hutter 2019.",
    .inputs = {6, kMany},
    .outputs = {3, kMany},
    .attributes = {{{"beta_1", 0.9f}, {"beta_2", 0.999f}, {"epsilon", 1e-8f}, {"weight_decay", 0.0f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
