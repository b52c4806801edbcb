// What LSTM, GRU and RNN share: attributes, inference, preparation, gradient.
#pragma once

#include "graph/builder.h"
#include "kernels/recurrent.h"

namespace slipway::ops {

inline constexpr AttributeSpec kDirection = {"direction", "forward"};
inline constexpr AttributeSpec kHiddenSize = {"hidden_size", kOptionalInt};
inline constexpr AttributeSpec kLayout = {"layout", 0};
inline constexpr AttributeSpec kClip = {"clip", kOptionalFloat};
inline constexpr AttributeSpec kActivations = {"activations", kOptionalStrings};
inline constexpr AttributeSpec kActivationsAlpha = {"activation_alpha", kOptionalFloats};
inline constexpr AttributeSpec kActivationsBeta = {"activation_beta", kOptionalFloats};

// The cell behind an operator's name ("LSTM", "GRU", "RNN"); an error for another.
Result<kernels::Cell> cell_of(std::string_view name);

// What follows from the shapes of X, W, R and the attributes.
struct RecurrentDims {
  Dims y, state, bias, peepholes;
  Dims gates, states;  // what a forward pass keeps for its gradient
};
// Checks X, W, R, B, sequence_lens, initial_h and initial_c (inputs 0 to 6) and the types of all inputs.
Result<RecurrentDims> recurrent_dims(InferContext& c, kernels::Cell cell);

// Y, Yh (and Yc) from X, W, R and the optional inputs, whose shapes are checked.
Status infer_recurrent(InferContext& c);
Result<Kernel> prepare_recurrent(const PrepareContext& c);
// Through slipway.RecurrentGrad. unimplemented for peepholes.
Result<Values> recurrent_gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy);

// The kernel's view of `node`, a `cell` or the gradient of one, over X and R of those types.
Result<kernels::RecurrentSpec> recurrent_spec(const Node& node, kernels::Cell cell, const TensorType& x,
                                              const TensorType& r);

// Runs a primitive that reads every input of forward or backward, omitted ones as nullptr.
Kernel padded_kernel(std::shared_ptr<const Primitive> primitive, const PrepareContext& c);

// Samples of `cell` in both layouts, all directions, with and without optional inputs.
std::vector<Sample> recurrent_samples(kernels::Cell cell);

}  // namespace slipway::ops
