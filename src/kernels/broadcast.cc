// Plans of broadcast walks: strides of each operand, dimensions merged where every operand allows it.
#include "kernels/broadcast.h"

#include <fmt/format.h>

namespace slipway::kernels {

namespace {

struct Dimension {
  int64_t size;
  std::vector<int64_t> strides;  // by operand
};

// The dimensions of `out` over 1, with each operand's stride (0 where it is stretched).
std::vector<Dimension> dimensions(std::span<const Shape> operands, const Shape& out) {
  std::vector<Dimension> dims;
  for (size_t d = 0; d < out.size(); ++d) {
    if (out[d] == 1) continue;
    Dimension dim{out[d], {}};
    for (const Shape& shape : operands) {
      size_t lead = out.size() - shape.size();
      bool stretched = d < lead || shape[d - lead] == 1;
      dim.strides.push_back(stretched ? 0 : element_count(std::span(shape).subspan(d - lead + 1)));
    }
    dims.push_back(std::move(dim));
  }
  return dims;
}

// Every operand walks `inner` inside `outer` as it would walk one dimension of outer.size * inner.size.
bool mergeable(const Dimension& outer, const Dimension& inner) {
  for (size_t k = 0; k < outer.strides.size(); ++k) {
    if (outer.strides[k] != inner.strides[k] * inner.size) return false;
  }
  return true;
}

}  // namespace

int64_t BroadcastPlan::offset(size_t k, int64_t row) const {
  int64_t at = 0;
  for (size_t d = outer.size(); d-- > 0;) {
    at += row % outer[d] * strides[k][d];
    row /= outer[d];
  }
  return at;
}

Result<BroadcastPlan> plan_broadcast(std::span<const Shape> operands, const Shape& out) {
  BroadcastPlan plan;
  plan.steps.assign(operands.size(), 0);
  plan.strides.resize(operands.size());
  if (element_count(out) == 0) {
    plan.rows = 0;
    return plan;
  }
  std::vector<Dimension> merged;
  for (Dimension& dim : dimensions(operands, out)) {
    if (!merged.empty() && mergeable(merged.back(), dim)) {
      dim.size *= merged.back().size;
      merged.back() = std::move(dim);
    } else {
      merged.push_back(std::move(dim));
    }
  }
  if (merged.size() > kMostDimensions) {
    return unsupported(
        fmt::format("broadcasting over {} dimensions; at most {} are supported", merged.size(), kMostDimensions));
  }
  if (merged.empty()) return plan;
  plan.row_size = merged.back().size;
  plan.steps = merged.back().strides;
  merged.pop_back();
  for (const Dimension& dim : merged) {
    plan.outer.push_back(dim.size);
    plan.rows *= dim.size;
    for (size_t k = 0; k < operands.size(); ++k) plan.strides[k].push_back(dim.strides[k]);
  }
  return plan;
}

}  // namespace slipway::kernels
