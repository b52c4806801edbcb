// GroupNormalizationGrad: the backward pass of GroupNormalization and InstanceNormalization.
#include "kernels/group_normalization.h"
#include "ops/expect.h"
#include "ops/group_normalization.h"
#include "ops/movement.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape& x = c.in(0).shape;
  int64_t planes = x[0] * x[1];
  kernels::GroupShape s{x[0], x[1], planes == 0 ? 0 : c.in(0).count() / planes, x[1]};
  if (c.node().has("num_groups")) s.groups = c.node().integer("num_groups");
  float epsilon = c.node().real("epsilon");
  auto typed = [&]<typename T>(T) {
    return Kernel{[=](const KernelArgs& a) {
      kernels::group_normalize_backward(s, a.input<T>(0), a.input<T>(1), a.input<T>(2), epsilon, a.output<T>(0),
                                        a.output<T>(1), a.output<T>(2));
    }};
  };
  if (c.in(0).count() == 0) return ops::zero_kernel(c);
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported("GroupNormalizationGrad computes in float32 and float64");
}

std::vector<Sample> samples() {
  using ops::random_input;
  return {{.inputs = {random_input({2, 4, 3}), random_input({4}), random_input({2, 4, 3})},
           .attributes = {{"num_groups", int64_t{2}}},
           .outputs = 3}};
}

}  // namespace

OPERATOR(group_normalization_grad) = {
    .name = "GroupNormalizationGrad",
    .domain = "slipway",
    .doc = "(dX, dscale, dbias) of GroupNormalization from (X, scale, dY); without `num_groups` each channel is one.",
    .inputs = {3, 3},
    .outputs = {3, 3},
    .attributes = {{{"epsilon", 1e-5f}, {"num_groups", kOptionalInt}}},
    .infer = ops::infer_group_normalization_grad,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
