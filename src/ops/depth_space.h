// What DepthToSpace and SpaceToDepth share.
#pragma once

#include "graph/operator.h"

namespace slipway::ops {

// Attribute blocksize, for x of 4 dimensions; errors otherwise.
Result<int64_t> block_size(InferContext& c);

// A kernel that copies between the deep tensor [N, C b b, H, W] and the wide one [N, C, H b, W b].
// `crd`: the deep channel is ordered C, b, b; else b, b, C. `to_space` tells the direction.
Kernel depth_space_kernel(const PrepareContext& c, const Shape& deep, bool crd, bool to_space);

}  // namespace slipway::ops
