// Card: slipway.LAMB, Adam's direction with a step that fits each parameter's norm.
#include <cmath>
#include <span>

#include "ops/optimizer.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 2, .in_groups = 4, .out_groups = 3};
constexpr int64_t kPart = ops::kOptimizerGrain;  // elements whose norms are summed together, whatever the threads

Status infer(InferContext& c) { return ops::infer_update(c, kLayout); }

int64_t parts_of(int64_t count) { return (count + kPart - 1) / kPart; }

// |p| / |u|, or 1 where one of them is 0.
float trust(std::span<const kernels::LambNorms> parts) {
  kernels::LambNorms sum;
  for (const kernels::LambNorms& part : parts) {
    sum.p += part.p;
    sum.u += part.u;
  }
  return sum.p > 0 && sum.u > 0 ? static_cast<float>(std::sqrt(sum.p / sum.u)) : 1.0f;
}

void update(const kernels::OptimizerTensors& t, int64_t count, kernels::LambStep step, float rate, int threads,
            kernels::LambNorms* norms) {
  parallel_for(threads, parts_of(count), 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      norms[part] = kernels::lamb_norms_f32()(t, part * kPart, std::min((part + 1) * kPart, count), step);
    }
  });
  step.scale = rate * trust({norms, static_cast<size_t>(parts_of(count))});
  parallel_for(threads, count, kPart, [&](int64_t begin, int64_t end) { kernels::lamb_f32()(t, begin, end, step); });
}

Result<Kernel> prepare(const PrepareContext& c) {
  float beta_1 = c.node().real("beta_1"), beta_2 = c.node().real("beta_2"), epsilon = c.node().real("epsilon"),
        decay = c.node().real("weight_decay");
  std::vector<int64_t> counts = ops::parameter_counts(c, kLayout);
  int64_t most = 0;
  for (int64_t count : counts) most = std::max(most, parts_of(count));
  int threads = c.threads();
  auto run = [=](const KernelArgs& args) {
    kernels::LambStep step = {kernels::adam_step(1, *args.input<int64_t>(1), beta_1, beta_2, epsilon, 0), decay, 0};
    float rate = *args.input<float>(0);
    ops::each_parameter(args, kLayout, counts, [&](const kernels::OptimizerTensors& t, int64_t count) {
      update(t, count, step, rate, threads, static_cast<kernels::LambNorms*>(args.scratch));
    });
  };
  return Kernel{run, static_cast<size_t>(most) * sizeof(kernels::LambNorms)};
}

std::vector<Sample> samples() { return ops::update_samples(kLayout, {{"weight_decay", 0.1f}}); }

}  // namespace

OPERATOR(lamb) = {
    .name = "LAMB",
    .domain = "slipway",
    .doc =
        "m', v' as Adam, u = mhat / (sqrt(vhat) + epsilon) + weight_decay x, x' = x - lr |x| / |u| u, the ratio 1 "
        "where "
        "a norm is 0: (lr, t int64 = 1, 2, ..., x1.., g1.., m1.., v1..) -> (x1'.., m1'.., v1'..). You et al. 2020.",
    .inputs = {6, kMany},
    .outputs = {3, kMany},
    .attributes = {{{"beta_1", 0.9f}, {"beta_2", 0.999f}, {"epsilon", 1e-6f}, {"weight_decay", 0.0f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
