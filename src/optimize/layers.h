// The layers that passes shrink: nodes with a constant weight, and what int8 makes of it.
#pragma once

#include <optional>
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

// In the order of the nodes. Layers whose weight is computed or of another type are left out, `skipped` says why.
std::vector<Layer> layers(const Graph& graph, std::vector<std::string>* skipped = nullptr);

struct Int8Weight {
  Tensor data;               // int8, shaped like the weight, in [-127, 127]
  std::vector<float> scale;  // by channel; the weight is scale * data
};

// scale = max |w| / 127 over each channel; 1 for a channel of zeros. Symmetric, so zero stays exactly zero.
Int8Weight quantize_weight(const Tensor& weight, int64_t channel_axis);

// Why a Gemm or MatMul is no plain x · W + b with W a matrix; nullopt when it is one. Any other operator is none.
std::optional<std::string> not_plain_product(const Graph& graph, const Node& node);

}  // namespace slipway::optimize
