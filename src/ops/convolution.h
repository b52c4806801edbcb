// What Conv, ConvTranspose and their gradients share.
#pragma once

#include "ops/contraction.h"
#include "ops/pooling.h"

namespace slipway::ops {

inline constexpr AttributeSpec kGroup = {"group", 1};
// Only rewrites set it: activations are [N, ..., C].
inline constexpr AttributeSpec kChannelsLast = {"channels_last", 0};

// [kernel...] of weights [M, C / group, kernel...]; 1 where it is unknown.
Shape kernel_of_weights(const Dims& w);

// Moves the spatial dimensions in which nothing happens (one element in x, w and y, no padding) in front of the others:
// the same convolution of the same memory. A sequence that lies in [N, C, steps, 1] becomes one row, which primitives
// vectorize, in place of a column. Spec: ConvSpec or kernels::Int8ConvSpec.
template <typename Spec>
void idle_dimensions_first(Spec& spec) {
  std::vector<size_t> order;
  for (bool idle : {true, false}) {
    for (size_t i = 0; i < spec.strides.size(); ++i) {
      const bool one = spec.x[i + 2] == 1 && spec.w[i + 2] == 1 && spec.y[i + 2] == 1;
      if ((one && spec.pads_begin[i] == 0 && spec.pads_end[i] == 0) == idle) order.push_back(i);
    }
  }
  auto reorder = [&](Shape& sizes, size_t first) {
    const Shape before = sizes;
    for (size_t i = 0; i < order.size(); ++i) sizes[first + i] = before[first + order[i]];
  };
  for (Shape* sizes : {&spec.x, &spec.w, &spec.y}) reorder(*sizes, 2);
  for (Shape* sizes : {&spec.strides, &spec.dilations, &spec.pads_begin, &spec.pads_end}) reorder(*sizes, 0);
}

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
