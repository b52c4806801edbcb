// Card: slipway.MovingAverage, the exponential moving average of weights.
#include "ops/optimizer.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 0, .in_groups = 2, .out_groups = 1};

Status infer(InferContext& c) { return ops::infer_update(c, kLayout); }

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::AverageStep step = {c.node().real("momentum")};
  return ops::update_kernel(c, kLayout, kernels::average_f32(), [=](const KernelArgs&) { return step; });
}

std::vector<Sample> samples() { return ops::update_samples(kLayout, {{"momentum", 0.9f}}); }

}  // namespace

OPERATOR(moving_average) = {
    .name = "MovingAverage",
    .domain = "slipway",
    .doc = "a' = momentum a + (1 - momentum) x: (a1.., x1..) -> (a1'..).",
    .inputs = {2, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"momentum", 0.99f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
