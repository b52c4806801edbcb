// Card: slipway.RMSprop, with momentum and decoupled decay.
#include "ops/optimizer.h"

namespace slipway {
namespace {

ops::OptimizerLayout layout_of(const Node& node) {
  bool momentum = node.real("momentum") != 0;
  return {.scalars = 1, .in_groups = momentum ? 4u : 3u, .out_groups = momentum ? 3u : 2u};
}

Status infer(InferContext& c) { return ops::infer_update(c, layout_of(c.node())); }

Result<Kernel> prepare(const PrepareContext& c) {
  float rho = c.node().real("rho"), momentum = c.node().real("momentum"), epsilon = c.node().real("epsilon"),
        decay = c.node().real("weight_decay");
  return ops::update_kernel(c, layout_of(c.node()), kernels::rmsprop_f32(), [=](const KernelArgs& args) {
    float rate = *args.input<float>(0);
    return kernels::RmspropStep{rate, rho, momentum, epsilon, 1 - rate * decay};
  });
}

std::vector<Sample> samples() {
  std::vector<Sample> all = ops::update_samples({.scalars = 1, .in_groups = 3, .out_groups = 2}, {});
  for (Sample& sample : ops::update_samples({.scalars = 1, .in_groups = 4, .out_groups = 3},
                                            {{"momentum", 0.9f}, {"weight_decay", 0.1f}})) {
    all.push_back(std::move(sample));
  }
  return all;
}

}  // namespace

OPERATOR(rmsprop) = {
    .name = "RMSprop",
    .domain = "slipway",
    .doc =
        "v' = rho v + (1 - rho) g^2, b' = momentum b + lr g / sqrt(v' + epsilon), x' = (1 - lr weight_decay) x - b': "
        "(lr, x1.., g1.., v1.., b1..) -> (x1'.., v1'.., b1'..); without momentum there is no b. Tieleman & Hinton "
        "2012.",
    .inputs = {4, kMany},
    .outputs = {2, kMany},
    .attributes = {{{"rho", 0.9f}, {"momentum", 0.0f}, {"epsilon", 1e-7f}, {"weight_decay", 0.0f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
