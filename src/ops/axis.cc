// Shapes seen from one axis.
#include "ops/axis.h"

#include "ops/infer.h"
#include "ops/samples.h"

namespace slipway::ops {

Result<AxisSplit> split_at_axis(std::span<const int64_t> shape, int64_t axis) {
  if (shape.empty() && (axis == 0 || axis == -1)) return AxisSplit{};
  size_t at = static_cast<size_t>(TRY(normalize_axis(axis, static_cast<int64_t>(shape.size()))));
  return AxisSplit{element_count(shape.first(at)), shape[at], element_count(shape.subspan(at + 1))};
}

Status infer_along_axis(InferContext& c) {
  int64_t rank = static_cast<int64_t>(c.dims(0).size());
  if (rank > 0) RETURN_IF_ERROR(normalize_axis(c.node().integer("axis"), rank).status());
  return infer_same(c);
}

std::vector<Sample> along_axis_samples() {
  return {{.inputs = {random_input({5, 10}, -4, 4)}},
          {.inputs = {random_input({2, 3, 21}, -4, 4)}, .attributes = {{"axis", int64_t{1}}}},
          {.inputs = {random_input({4, 3}, -4, 4)}, .attributes = {{"axis", int64_t{0}}}},
          {.inputs = {random_input({2, 40}, -4, 4)}, .attributes = {{"axis", int64_t{-1}}}}};
}

}  // namespace slipway::ops
