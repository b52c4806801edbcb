// GroupNormalization and InstanceNormalization: what they share.
#include <fmt/format.h>

#include "kernels/group_normalization.h"
#include "ops/expect.h"
#include "ops/group_normalization.h"

namespace slipway::ops {

namespace {

Status expect_per_channel(InferContext& c, size_t i) {
  RETURN_IF_ERROR(expect_dtype(c, i, {c.dtype(0)}));
  return expect_dims(c, i, "scale or bias, one per channel,", {c.dims(0)[1]});
}

// X [N, C, ...] and groups that divide C.
Status expect_groups(InferContext& c) {
  const Dims& x = c.dims(0);
  if (x.size() < 2) return invalid(fmt::format("X is {}; expected [N, C, ...]", to_string(x)));
  const AttributeSpec* spec = find_attribute(*c.node().op, "num_groups");
  if (spec == nullptr || !c.node().has("num_groups")) return {};
  int64_t groups = c.node().integer("num_groups");
  if (groups < 1 || (x[1].known() && x[1].size % groups != 0)) {
    return invalid(fmt::format("num_groups is {} for {} channels; expected a divisor", groups, to_string(x[1])));
  }
  return {};
}

}  // namespace

Status infer_group_normalization(InferContext& c) {
  RETURN_IF_ERROR(expect_groups(c));
  for (size_t i : {1, 2}) RETURN_IF_ERROR(expect_per_channel(c, i));
  c.set(0, c.dtype(0), c.dims(0));
  return {};
}

Status infer_group_normalization_grad(InferContext& c) {
  RETURN_IF_ERROR(expect_groups(c));
  RETURN_IF_ERROR(expect_per_channel(c, 1));
  RETURN_IF_ERROR(expect_same_dtypes(c));
  RETURN_IF_ERROR(expect_dims(c, 2, "dY", c.dims(0)));
  c.set(0, c.dtype(0), c.dims(0));
  for (size_t i : {1, 2}) c.set(i, c.dtype(1), c.dims(1));
  return {};
}

Result<Kernel> prepare_group_normalization(const PrepareContext& c) {
  const Shape& x = c.in(0).shape;
  int64_t planes = x[0] * x[1];
  kernels::GroupShape s{x[0], x[1], planes == 0 ? 0 : c.in(0).count() / planes, x[1]};
  if (c.node().has("num_groups")) s.groups = c.node().integer("num_groups");
  float epsilon = c.node().real("epsilon");
  int threads = c.threads();
  if (c.in(0).count() == 0) return Kernel{[](const KernelArgs&) {}};
  auto typed = [&]<typename T>(T) {
    return Kernel{[=](const KernelArgs& a) {
      kernels::group_normalize(s, a.input<T>(0), a.input<T>(1), a.input<T>(2), epsilon, a.output<T>(0), threads);
    }};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported(fmt::format("{} has no arithmetic for {}", c.node().op_type, dtype_name(c.in(0).dtype)));
}

Result<Values> group_normalization_gradient(Builder& b, const Node& n, const Values& x, const Values&,
                                            const Values& dy) {
  Attributes attributes = {{"epsilon", n.real("epsilon")}};
  if (n.has("num_groups")) attributes.set("num_groups", n.integer("num_groups"));
  return b.ops("GroupNormalizationGrad", {x[0], x[1], dy[0]}, 3, attributes, "slipway");
}

}  // namespace slipway::ops
