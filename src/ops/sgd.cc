// Card: slipway.SGD, with momentum, Nesterov's momentum and L2 decay.
#include "ops/optimizer.h"

namespace slipway {
namespace {

ops::OptimizerLayout layout_of(const Node& node) {
  bool momentum = node.real("momentum") != 0;
  return {.scalars = 1, .in_groups = momentum ? 3u : 2u, .out_groups = momentum ? 2u : 1u};
}

Status infer(InferContext& c) { return ops::infer_update(c, layout_of(c.node())); }

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::SgdStep constants = {0, c.node().real("momentum"), c.node().real("weight_decay"),
                                c.node().integer("nesterov") != 0};
  return ops::update_kernel(c, layout_of(c.node()), kernels::sgd_f32(), [=](const KernelArgs& args) {
    kernels::SgdStep step = constants;
    step.learning_rate = *args.input<float>(0);
    return step;
  });
}

std::vector<Sample> samples() {
  std::vector<Sample> all = ops::update_samples({.scalars = 1, .in_groups = 2, .out_groups = 1}, {});
  for (Sample& sample : ops::update_samples({.scalars = 1, .in_groups = 3, .out_groups = 2},
                                            {{"momentum", 0.9f}, {"nesterov", int64_t{1}}, {"weight_decay", 0.1f}})) {
    all.push_back(std::move(sample));
  }
  return all;
}

}  // namespace

OPERATOR(sgd) = {
    .name = "SGD",
    .domain = "slipway",
    .doc =
        "d = g + weight_decay x, v' = momentum v + d, x' = x - lr v' (nesterov: x - lr (d + momentum v')): (lr, "
        "x1.., g1.., v1..) -> (x1'.., v1'..); without momentum there is no v.",
    .inputs = {3, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"momentum", 0.0f}, {"nesterov", 0}, {"weight_decay", 0.0f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
