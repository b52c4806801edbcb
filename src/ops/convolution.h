// What Conv, ConvTranspose and their gradients share.
#pragma once

#include "ops/contraction.h"
#include "ops/pooling.h"

namespace slipway::ops {

inline constexpr AttributeSpec kGroup = {"group", 1};

// The primitive's view of a convolution from `x` through `w` to `y` with the attributes of `node`.
Result<ConvSpec> conv_spec(const Node& node, const Shape& x, const Shape& w, const Shape& y);

// Shape of Conv's output; an error that names what does not fit.
Result<Dims> conv_output(const Node& node, const Dims& x, const Dims& w);

}  // namespace slipway::ops
