// GroupNormalization and InstanceNormalization: what they share.
#include <fmt/format.h>

#include "kernels/group_normalization.h"
#include "ops/group_normalization.h"
#include "ops/infer.h"

namespace slipway::ops {

Status infer_group_normalization(InferContext& c) {
  const Dims& x = c.dims(0);
  if (x.size() < 2) return invalid(fmt::format("X is {}; expected [N, C, ...]", to_string(x)));
  for (size_t i : {1, 2}) {
    RETURN_IF_ERROR(expect_dtype(c, i, {c.dtype(0)}));
    const Dims& found = c.dims(i);
    if (found.size() != 1 || (found[0].known() && x[1].known() && found[0].size != x[1].size)) {
      return invalid(
          fmt::format("scale and bias must be [{}], one per channel; found {}", to_string(x[1]), to_string(found)));
    }
  }
  if (c.node().has("num_groups")) {
    int64_t groups = c.node().integer("num_groups");
    if (groups < 1 || (x[1].known() && x[1].size % groups != 0)) {
      return invalid(fmt::format("num_groups is {} for {} channels; expected a divisor", groups, to_string(x[1])));
    }
  }
  c.set(0, c.dtype(0), x);
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
