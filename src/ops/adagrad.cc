// Card: slipway.Adagrad, with decoupled decay.
#include "ops/optimizer.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 1, .in_groups = 3, .out_groups = 2};

Status infer(InferContext& c) { return ops::infer_update(c, kLayout); }

Result<Kernel> prepare(const PrepareContext& c) {
  float epsilon = c.node().real("epsilon"), decay = c.node().real("weight_decay");
  return ops::update_kernel(c, kLayout, kernels::adagrad_f32(), [=](const KernelArgs& args) {
    float rate = *args.input<float>(0);
    return kernels::AdagradStep{rate, epsilon, 1 - rate * decay};
  });
}

std::vector<Sample> samples() { return ops::update_samples(kLayout, {{"weight_decay", 0.1f}}); }

}  // namespace

OPERATOR(adagrad) = {
    .name = "Adagrad",
    .domain = "slipway",
    .doc =
        "a' = a + g^2, x' = (1 - lr weight_decay) x - lr g / sqrt(a' + epsilon): (lr, x1.., g1.., a1..) -> (x1'.., "
        "a1'..). Duchi, Hazan & Singer 2011.",
    .inputs = {4, kMany},
    .outputs = {2, kMany},
    .attributes = {{{"epsilon", 1e-7f}, {"weight_decay", 0.0f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
