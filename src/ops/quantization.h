// What QuantizeLinear and DequantizeLinear share: where scales lie, and the straight-through gradient.
#pragma once

#include "kernels/quantize.h"
#include "ops/infer.h"

namespace slipway::ops {

// Refuses scales and zero points that fit neither one, nor the axis, nor its blocks, of x.
Status expect_scales(InferContext& c);

// Requires: expect_scales accepted the same.
kernels::ScaleLayout scale_layout(const Node& n, const Shape& x, const Shape& scale);

}  // namespace slipway::ops
