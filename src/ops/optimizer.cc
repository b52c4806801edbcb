// Shapes of optimizer updates.
#include "ops/optimizer.h"

#include <fmt/format.h>

namespace slipway::ops {

namespace {

Status match(InferContext& c, size_t parameter, size_t other) {
  bool same = c.dtype(parameter) == c.dtype(other) && c.dims(parameter).size() == c.dims(other).size();
  for (size_t d = 0; same && d < c.dims(parameter).size(); ++d) {
    const Dim &a = c.dims(parameter)[d], &b = c.dims(other)[d];
    same = !a.known() || !b.known() || a.size == b.size;
  }
  if (same) return {};
  return invalid(fmt::format("input {} is {}{}; expected {}{} like its parameter, input {}", other,
                             dtype_name(c.dtype(other)), to_string(c.dims(other)), dtype_name(c.dtype(parameter)),
                             to_string(c.dims(parameter)), parameter));
}

}  // namespace

Status infer_optimizer(InferContext& c, const OptimizerLayout& layout) {
  size_t tensors = c.input_count() - std::min(c.input_count(), layout.scalars);
  if (tensors == 0 || tensors % layout.in_groups != 0) {
    return invalid(fmt::format("{} inputs; expected {} and then {} for each parameter", c.input_count(), layout.scalars,
                               layout.in_groups));
  }
  size_t n = tensors / layout.in_groups;
  if (c.node().outputs.size() > n * layout.out_groups) {
    return invalid(
        fmt::format("{} outputs for {} parameters; expected {}", c.node().outputs.size(), n, n * layout.out_groups));
  }
  for (size_t i = 0; i < n; ++i) {
    size_t parameter = layout.scalars + i;
    for (size_t group = 1; group < layout.in_groups; ++group) {
      RETURN_IF_ERROR(match(c, parameter, parameter + group * n));
    }
    for (size_t group = 0; group < layout.out_groups; ++group) {
      c.set(group * n + i, c.dtype(parameter), c.dims(parameter));
    }
  }
  return {};
}

}  // namespace slipway::ops
