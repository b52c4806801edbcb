// Card: slipway.Adam, which is AdamW when weight_decay is set.
#include "kernels/optimizer.h"

#include "kernels/parallel.h"
#include "ops/infer.h"
#include "ops/optimizer.h"
#include "ops/samples.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 2, .in_groups = 4, .out_groups = 3};
constexpr int64_t kGrain = 1 << 14;

Status infer(InferContext& c) {
  if (c.input_count() > 1) RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i64}));
  for (size_t i : {size_t{0}, size_t{2}}) {
    if (i < c.input_count()) RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::f32}));
  }
  return ops::infer_optimizer(c, kLayout);
}

Result<Kernel> prepare(const PrepareContext& c) {
  size_t n = (c.input_count() - kLayout.scalars) / kLayout.in_groups;
  std::vector<int64_t> counts;
  for (size_t i = 0; i < n; ++i) counts.push_back(c.in(kLayout.scalars + i).count());
  float beta_1 = c.node().real("beta_1"), beta_2 = c.node().real("beta_2"), epsilon = c.node().real("epsilon"),
        decay = c.node().real("weight_decay");
  int threads = c.threads();
  kernels::AdamFn adam = kernels::adam_f32();
  return Kernel{[=](const KernelArgs& args) {
    kernels::AdamStep step =
        kernels::adam_step(*args.input<float>(0), *args.input<int64_t>(1), beta_1, beta_2, epsilon, decay);
    for (size_t i = 0; i < n; ++i) {
      auto in = [&](size_t group) { return args.input<float>(kLayout.scalars + group * n + i); };
      auto out = [&](size_t group) { return args.output<float>(group * n + i); };
      kernels::AdamTensors tensors = {in(0), in(1), in(2), in(3), out(0), out(1), out(2)};
      parallel_for(threads, counts[i], kGrain, [&](int64_t begin, int64_t end) { adam(tensors, begin, end, step); });
    }
  }};
}

std::vector<Sample> samples() {
  auto tensor = [](Shape shape) { return ops::random_input(std::move(shape)); };
  auto square = [](Shape shape) { return ops::random_input(std::move(shape), 0, 1); };
  Sample::Input rate = ops::given(Tensor::scalar(0.01f)), time = ops::given(Tensor::scalar(int64_t{3}));
  return {{.inputs = {rate, time, tensor({3, 7}), tensor({5}), tensor({3, 7}), tensor({5}), tensor({3, 7}), tensor({5}),
                      square({3, 7}), square({5})},
           .attributes = {{"weight_decay", 0.1f}},
           .outputs = 6}};
}

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
