// What the pooling cards share.
#pragma once

#include <algorithm>

#include "kernels/pool.h"
#include "ops/contraction.h"

namespace slipway::ops {

inline constexpr AttributeSpec kAutoPad = {"auto_pad", "NOTSET"};
inline constexpr AttributeSpec kStrides = {"strides", kOptionalInts};
inline constexpr AttributeSpec kPads = {"pads", kOptionalInts};
inline constexpr AttributeSpec kDilations = {"dilations", kOptionalInts};
inline constexpr AttributeSpec kKernelShape = {"kernel_shape", kOptionalInts};
inline constexpr AttributeSpec kPoolKernelShape = {"kernel_shape", kRequiredInts};

// The attributes of an operator that moves a window over the spatial dimensions, and then its own.
template <size_t N>
consteval decltype(Operator::attributes) windowed(const AttributeSpec (&own)[N]) {
  decltype(Operator::attributes) all = {{kAutoPad, kStrides, kPads, kDilations}};
  std::copy_n(own, N, all.begin() + 4);
  return all;
}

// Output 0: x's dtype and [N, C, pooled...]; output 1, where there is one: int64 of that shape.
Status infer_pool(InferContext& c);
// The same over [N, ..., C].
Status infer_pool_channels_last(InferContext& c);
// For the gradients: dx like x, input 0, from dy, input 1, which has the dimensions of the pooled x.
Status infer_pool_grad(InferContext& c);
// From a pooling node over x (its input 0, or the card's own) to y.
Result<kernels::PoolShape> pool_shape(const Node& node, const Shape& x, const Shape& y);
// The same over [N, ..., C]: for vector_max_pool and vector_average_pool.
Result<kernels::PoolShape> pool_shape_channels_last(const Node& node, const Shape& x, const Shape& y);

}  // namespace slipway::ops
