// Pads per dimension.
#include "ops/padding.h"

#include <algorithm>

#include <fmt/format.h>

#include "ops/sizes.h"

namespace slipway::ops {

Result<kernels::PadMode> pad_mode(const Node& node) {
  std::string mode = node.text("mode");
  if (mode == "constant") return kernels::PadMode::constant;
  if (mode == "reflect") return kernels::PadMode::reflect;
  if (mode == "edge") return kernels::PadMode::edge;
  if (mode == "wrap") return kernels::PadMode::wrap;
  return invalid(fmt::format("mode is \"{}\"; expected constant, reflect, edge or wrap", mode));
}

Result<Dims> padded_dims(kernels::PadMode mode, const Dims& x, std::span<const int64_t> pads,
                         std::span<const int64_t> axes) {
  Dims y(x.size());
  std::vector<int64_t> before(x.size()), after(x.size());
  RETURN_IF_ERROR(spread_pads(pads, axes, static_cast<int64_t>(x.size()), before.data(), after.data()));
  RETURN_IF_ERROR(expect_steps(before, "pads"));
  RETURN_IF_ERROR(expect_steps(after, "pads"));
  for (size_t d = 0; d < x.size(); ++d) {
    int64_t more = before[d] + after[d];
    if (!x[d].known()) {
      if (before[d] == 0 && after[d] == 0) y[d] = x[d];
      continue;
    }
    if (x[d].size + more < 0 || (mode != kernels::PadMode::constant && x[d].size == 0 && more > 0)) {
      return invalid(
          fmt::format("dimension {} of {} cannot be padded by {} and {}", d, to_string(x), before[d], after[d]));
    }
    y[d] = Dim(x[d].size + more);
  }
  return y;
}

Status spread_pads(std::span<const int64_t> pads, std::span<const int64_t> axes, int64_t rank, int64_t* before,
                   int64_t* after) {
  auto named = axes.empty() ? static_cast<size_t>(rank) : axes.size();
  if (pads.size() != 2 * named) {
    return invalid(fmt::format("pads has {} elements; expected 2 for each of {} dimensions", pads.size(), named));
  }
  std::fill_n(before, rank, 0);
  if (after != nullptr) std::fill_n(after, rank, 0);
  for (size_t i = 0; i < named; ++i) {
    int64_t axis = axes.empty() ? static_cast<int64_t>(i) : axes[i];
    if (axis < -rank || axis >= rank) return invalid(fmt::format("axes holds {}, outside [-{}, {})", axis, rank, rank));
    int64_t d = axis < 0 ? axis + rank : axis;
    before[d] = pads[i];
    if (after != nullptr) after[d] = pads[i + named];
  }
  return {};
}

}  // namespace slipway::ops
