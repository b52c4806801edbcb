// What Gemm, MatMul, Conv and ConvTranspose share: fused activations, packed weights, kernels of primitives.
#pragma once

#include <algorithm>

#include "graph/operator.h"
#include "kernels/primitive.h"

namespace slipway::ops {

// Attributes that only rewrites set: the activation computed inside the primitive, with its parameters.
inline constexpr AttributeSpec kActivation = {"activation", ""};
inline constexpr AttributeSpec kActivationAlpha = {"activation_alpha", 0.0f};
inline constexpr AttributeSpec kActivationBeta = {"activation_beta", 0.0f};

// "bf16": operands are rounded to bfloat16, sums stay float32. Only a training graph sets it.
inline constexpr AttributeSpec kCompute = {"compute", ""};
inline bool computes_bf16(const Node& node) { return node.text("compute") == "bf16"; }

// The activation by its ONNX name ("Relu", "Clip", …); nullopt when no primitive has it.
std::optional<FusedActivation> activation_from_name(std::string_view name);
// The post-op that the three attributes above spell; an error for an activation that no primitive has.
Result<PostOp> post_of(const Node& node);

// Whether `activation` is Relu; an error where it is neither that nor none.
Result<bool> rectifies(const Node& node);

// Packs through the session's cache when there is one.
PackFn pack_through(const PrepareContext& c);

// A kernel that runs the primitive.
Kernel kernel_of(std::shared_ptr<const Primitive> primitive);

// [N, ..., C] as [N, C, ...], and back. Requires: at least two dimensions.
template <typename Sizes>
Sizes channels_first(Sizes dims) {
  std::rotate(dims.begin() + 1, dims.end() - 1, dims.end());
  return dims;
}
template <typename Sizes>
Sizes channels_last(Sizes dims) {
  std::rotate(dims.begin() + 1, dims.begin() + 2, dims.end());
  return dims;
}

// The shapes of a convolution or pooling after auto_pad and defaults, per spatial dimension.
struct Window {
  Shape kernel, strides, dilations, pads_begin, pads_end;
};
// Attributes kernel_shape, strides, dilations, pads, auto_pad of `node` against the spatial sizes of its input.
// `kernel` is used where kernel_shape is left out. An unknown spatial size leaves SAME padding at 0.
Result<Window> window_of(const Node& node, const Dims& x, const Shape& kernel);
// Spatial sizes of an output of `node` whose filters `w` [O, C, ...] tell the window: unknown again where `w` is.
void forget_unknown_filters(const Node& node, const Dims& w, Dims& spatial);
// floor or ceil((in + pads - dilation (kernel - 1) - 1) / stride) + 1 (ONNX MaxPool, Conv); unknown stays unknown.
Dims window_output(const Dims& x, const Window& window, bool ceil_mode);

}  // namespace slipway::ops
