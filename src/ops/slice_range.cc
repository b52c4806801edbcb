// Bounds of Slice.
#include "ops/slice_range.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway::ops {

namespace {

// From here on an end means "to the end" whatever the size (exporters write INT32_MAX or INT64_MAX).
constexpr int64_t kFarAway = (int64_t{1} << 31) - 1;

bool whole(int64_t start, int64_t end, int64_t step) { return start == 0 && step == 1 && end >= kFarAway; }

}  // namespace

SliceRange slice_range(int64_t size, int64_t start, int64_t end, int64_t step) {
  if (start < 0) start += size;
  if (end < 0) end += size;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, size);
    end = std::clamp<int64_t>(end, 0, size);
    int64_t span = std::max<int64_t>(end - start, 0);
    return {start, step, span == 0 ? 0 : (span - 1) / step + 1};
  }
  start = std::clamp<int64_t>(start, -1, size - 1);
  end = std::clamp<int64_t>(end, -1, size - 1);
  int64_t span = std::max<int64_t>(start - end, 0);
  // -(step + 1) + 1 in unsigned: the least integer has no negative.
  uint64_t stride = uint64_t{0} - static_cast<uint64_t>(step);
  return {start, step, span == 0 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(span - 1) / stride) + 1};
}

Result<Dims> slice_dims(const Dims& x, std::span<const int64_t> starts, std::span<const int64_t> ends,
                        std::span<const int64_t> axes, std::span<const int64_t> steps) {
  if (ends.size() != starts.size() || (!axes.empty() && axes.size() != starts.size()) ||
      (!steps.empty() && steps.size() != starts.size()) || starts.size() > x.size()) {
    return invalid(
        fmt::format("starts has {} elements, ends {}, axes {}, steps {}; expected the same number, at most {}",
                    starts.size(), ends.size(), axes.size(), steps.size(), x.size()));
  }
  Dims y = x;
  std::vector<bool> seen(x.size(), false);
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = axes.empty() ? static_cast<int64_t>(i) : axes[i];
    auto d = static_cast<size_t>(TRY(normalize_axis(axis, static_cast<int64_t>(x.size()))));
    int64_t step = steps.empty() ? 1 : steps[i];
    if (step == 0) return invalid("steps holds a 0; expected a positive or negative step");
    if (seen[d]) return invalid(fmt::format("axes name dimension {} twice", d));
    seen[d] = true;
    if (x[d].known()) {
      y[d] = Dim(slice_range(x[d].size, starts[i], ends[i], step).count);
    } else if (!whole(starts[i], ends[i], step)) {
      y[d] = Dim();
    }
  }
  return y;
}

kernels::StridedCopy slice_copy(std::span<const int64_t> x, std::span<const int64_t> starts,
                                std::span<const int64_t> ends, std::span<const int64_t> axes,
                                std::span<const int64_t> steps, bool forward) {
  kernels::StridedCopy plan = kernels::contiguous_copy(x);
  auto rank = static_cast<int64_t>(x.size());
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = axes.empty() ? static_cast<int64_t>(i) : axes[i];
    auto d = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    SliceRange range = slice_range(x[d], starts[i], ends[i], steps.empty() ? 1 : steps[i]);
    plan.size[d] = range.count;
    if (range.count > 0) plan.in_offset += range.first * plan.in_stride[d];
    plan.in_stride[d] = range.count > 1 ? plan.in_stride[d] * range.step : 0;
  }
  int64_t stride = 1;
  for (int d = plan.rank; d-- > 0;) {
    plan.out_stride[d] = stride;
    stride *= plan.size[d];
  }
  if (forward) return plan;
  std::swap(plan.in_offset, plan.out_offset);
  std::swap(plan.in_stride, plan.out_stride);
  return plan;
}

}  // namespace slipway::ops
