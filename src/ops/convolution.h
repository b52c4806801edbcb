// What Conv, ConvTranspose and their gradients share.
#pragma once

#include "ops/contraction.h"
#include "ops/pooling.h"

namespace slipway::ops {

inline constexpr AttributeSpec kGroup = {"group", 1};
// Only rewrites set it: activations are [N, ..., C].
inline constexpr AttributeSpec kChannelsLast = {"channels_last", 0};

// The primitive's view of a convolution from `x` through `w` to `y` with the attributes of `node`.
Result<ConvSpec> conv_spec(const Node& node, const Shape& x, const Shape& w, const Shape& y);

// The same for a gradient of Conv, whose x and y may be channels last.
Result<ConvSpec> conv_gradient_spec(const Node& node, const Shape& x, const Shape& w, const Shape& y);

// For the gradients of Conv: an error unless its output for inputs `x` and `w` has the dimensions of dY, input `dy`,
// and all inputs one type.
Status expect_conv_gradient(InferContext& c, size_t x, size_t w, size_t dy);

// An error unless W has X's type, and the bias (input 2, when there) too and one element for each of `channels`.
Status expect_conv_operands(InferContext& c, const Dim& channels);

// Shape of Conv's output; an error that names what does not fit.
Result<Dims> conv_output(const Node& node, const Dims& x, const Dims& w);

}  // namespace slipway::ops
