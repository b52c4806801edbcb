// Card: slipway.SGD, with momentum, Nesterov's momentum and L2 decay.
#include "kernels/optimizer.h"

#include "kernels/parallel.h"
#include "ops/infer.h"
#include "ops/optimizer.h"
#include "ops/samples.h"

namespace slipway {
namespace {

constexpr int64_t kGrain = 1 << 14;

ops::OptimizerLayout layout_of(const Node& node) {
  bool momentum = node.real("momentum") != 0;
  return {.scalars = 1, .in_groups = momentum ? 3u : 2u, .out_groups = momentum ? 2u : 1u};
}

Status infer(InferContext& c) {
  for (size_t i = 0; i < std::min<size_t>(c.input_count(), 2); ++i) {
    RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::f32}));
  }
  return ops::infer_optimizer(c, layout_of(c.node()));
}

Result<Kernel> prepare(const PrepareContext& c) {
  ops::OptimizerLayout layout = layout_of(c.node());
  size_t n = (c.input_count() - layout.scalars) / layout.in_groups;
  bool momentum = layout.out_groups == 2;
  std::vector<int64_t> counts;
  for (size_t i = 0; i < n; ++i) counts.push_back(c.in(layout.scalars + i).count());
  kernels::SgdStep constants = {0, c.node().real("momentum"), c.node().real("weight_decay"),
                                c.node().integer("nesterov") != 0};
  int threads = c.threads();
  kernels::SgdFn sgd = kernels::sgd_f32();
  return Kernel{[=](const KernelArgs& args) {
    kernels::SgdStep step = constants;
    step.learning_rate = *args.input<float>(0);
    for (size_t i = 0; i < n; ++i) {
      auto in = [&](size_t group) { return args.input<float>(1 + group * n + i); };
      kernels::SgdTensors tensors = {in(0), in(1), momentum ? in(2) : nullptr, args.output<float>(i),
                                     momentum ? args.output<float>(n + i) : nullptr};
      parallel_for(threads, counts[i], kGrain, [&](int64_t begin, int64_t end) { sgd(tensors, begin, end, step); });
    }
  }};
}

std::vector<Sample> samples() {
  auto tensor = [](Shape shape) { return ops::random_input(std::move(shape)); };
  Sample::Input rate = ops::given(Tensor::scalar(0.01f));
  return {{.inputs = {rate, tensor({3, 7}), tensor({3, 7})}},
          {.inputs = {rate, tensor({3, 7}), tensor({5}), tensor({3, 7}), tensor({5}), tensor({3, 7}), tensor({5})},
           .attributes = {{"momentum", 0.9f}, {"nesterov", int64_t{1}}, {"weight_decay", 0.1f}},
           .outputs = 4}};
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
