// What the optimizer cards share: inputs in groups of n tensors, outputs in groups of n tensors.
#pragma once

#include "graph/operator.h"
#include "kernels/optimizer.h"
#include "kernels/parallel.h"

namespace slipway::ops {

// Inputs of an optimizer card: `scalars` scalars, then `in_groups` groups of n tensors; outputs: `out_groups` groups.
struct OptimizerLayout {
  size_t scalars;
  size_t in_groups;
  size_t out_groups;
};

inline constexpr int64_t kOptimizerGrain = 1 << 14;

// Outputs have the types of the parameters (group 0); an error when the groups do not match one another.
Status infer_optimizer(InferContext& c, const OptimizerLayout& layout);

// infer_optimizer for float32 parameters, the learning rate as input 0 and, with two scalars, the int64 time as
// input 1.
Status infer_update(InferContext& c, const OptimizerLayout& layout);

// f(tensors, count) for each of the n parameters of a run.
template <typename F>
void each_parameter(const KernelArgs& args, const OptimizerLayout& layout, const std::vector<int64_t>& counts, F&& f) {
  size_t n = counts.size();
  for (size_t i = 0; i < n; ++i) {
    kernels::OptimizerTensors t = {};
    for (size_t g = 0; g < layout.in_groups; ++g) t.in[g] = args.input<float>(layout.scalars + g * n + i);
    for (size_t g = 0; g < layout.out_groups; ++g) t.out[g] = args.output<float>(g * n + i);
    f(t, counts[i]);
  }
}

// Elements of each parameter.
std::vector<int64_t> parameter_counts(const PrepareContext& c, const OptimizerLayout& layout);

// A kernel that runs `pass` over every parameter, with the step that make_step(args) says.
template <typename Step, typename MakeStep>
Kernel update_kernel(const PrepareContext& c, const OptimizerLayout& layout, kernels::OptimizerFn<Step> pass,
                     MakeStep make_step) {
  std::vector<int64_t> counts = parameter_counts(c, layout);
  int threads = c.threads();
  return {[=](const KernelArgs& args) {
    Step step = make_step(args);
    each_parameter(args, layout, counts, [&](const kernels::OptimizerTensors& t, int64_t count) {
      parallel_for(threads, count, kOptimizerGrain, [&](int64_t begin, int64_t end) { pass(t, begin, end, step); });
    });
  }};
}

// Sample cases: one parameter, and two of different shapes. Slots are in [0, 1].
std::vector<Sample> update_samples(const OptimizerLayout& layout, const Attributes& attributes);

}  // namespace slipway::ops
