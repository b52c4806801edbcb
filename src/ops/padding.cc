// Pads per dimension.
#include "ops/padding.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway::ops {

Result<kernels::PadMode> pad_mode(const Node& node) {
  std::string mode = node.text("mode");
  if (mode == "constant") return kernels::PadMode::constant;
  if (mode == "reflect") return kernels::PadMode::reflect;
  if (mode == "edge") return kernels::PadMode::edge;
  if (mode == "wrap") return kernels::PadMode::wrap;
  return invalid(fmt::format("mode is \"{}\"; expected constant, reflect, edge or wrap", mode));
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
