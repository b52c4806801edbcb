// The layers that passes shrink: nodes with a constant weight, and what int8 makes of it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway::optimize {

// A node whose card has an int8 form with weights, and its constant float32 weight.
struct Layer {
  size_t node;           // index in graph.nodes()
  ValueId weight;        // input 1
  int64_t channel_axis;  // the weight's dimension of output channels
};

// In the order of the nodes. Operators with weights that have no int8 form, and layers whose weight is computed or of
// another type, are left out; `skipped` says which and why.
std::vector<Layer> layers(const Graph& graph, std::vector<std::string>* skipped = nullptr);

// The float32 weights (matrices, filters) of products, convolutions and recurrent layers, each once, in the order of
// the nodes. `skipped`: nodes with weights that are none of those: computed ones, embeddings, those inside bodies.
std::vector<ValueId> prunable_weights(const Graph& graph, std::vector<std::string>* skipped = nullptr);

struct Int8Weight {
  Tensor data;               // int8, shaped like the weight, in [-127, 127]
  std::vector<float> scale;  // by channel; the weight is scale * data
};

// scale = max |w| / 127 over each channel, but `least` of the channel where that is given; 1 for a channel of zeros.
// Symmetric, so zero stays exactly zero.
Int8Weight quantize_weight(const Tensor& weight, int64_t channel_axis, std::span<const float> least = {});

// The least scales of weights, by channel, under which each element of `bias` fits into 32 bits at the scale of x times
// that of the weight. As ONNX Runtime does (quantization/qdq_quantizer.py): where a channel's weights are that small,
// its bias is all that counts.
std::vector<float> least_weight_scales(std::span<const float> bias, float x_scale);

// Why a Gemm or MatMul is no plain x · W + b with W a matrix; nullopt when it is one. Any other operator is none.
std::optional<std::string> not_plain_product(const Graph& graph, const Node& node);

}  // namespace slipway::optimize
