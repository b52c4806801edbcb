// DepthToSpace and SpaceToDepth as one strided copy.
#include "ops/depth_space.h"

#include <fmt/format.h>

#include "ops/movement.h"

namespace slipway::ops {

Result<int64_t> block_size(InferContext& c) {
  int64_t block = c.node().integer("blocksize");
  if (block < 1) return invalid(fmt::format("blocksize is {}; expected at least 1", block));
  constexpr int64_t kLargest = int64_t{1} << 15;
  if (block > kLargest) return invalid(fmt::format("blocksize is {}; expected at most {}", block, kLargest));
  if (c.dims(0).size() != 4) return invalid(fmt::format("x is {}; expected [N, C, H, W]", to_string(c.dims(0))));
  return block;
}

Kernel depth_space_kernel(const PrepareContext& c, const Shape& deep, bool crd, bool to_space) {
  int64_t b = c.node().integer("blocksize");
  int64_t batch = deep[0], channels = deep[1] / (b * b), height = deep[2], width = deep[3];
  int64_t plane = height * width;
  int64_t channel = crd ? b * b * plane : plane;  // steps in the deep tensor
  int64_t row = crd ? b * plane : b * channels * plane;
  int64_t column = crd ? plane : channels * plane;
  int64_t line = width * b;  // of the wide tensor
  kernels::StridedCopy plan;
  plan.push(batch, deep[1] * plane, deep[1] * plane);
  plan.push(channels, channel, height * b * line);
  plan.push(height, width, b * line);
  plan.push(b, row, line);
  plan.push(width, 1, b);
  plan.push(b, column, 1);
  if (!to_space) std::swap(plan.in_stride, plan.out_stride);
  return copy_kernel(plan, c.in(0).dtype, c.threads());
}

}  // namespace slipway::ops
