// The first steps of lowering to TFLite, from ONNX semantics to a graph in which the layers with weights and windows
// are TFLite's own.
#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::convert {

// Dynamically quantized products (DynamicQuantizeLinear, MatMulInteger or ConvInteger, Cast, Mul) become products of
// float activations with dequantized weights, which is what TFLite calls hybrid. Returns how many there were.
Result<int> undo_dynamic_quantization(Graph& graph);

// Why `node` cannot be said in TFLite: appended by passes, reported together.
struct Refusal {
  std::string node;  // as describe() says it
  std::string reason;
};

// Convolutions, pools and products become nodes of domain "tflite" over [N, H, W, C] images and [out, in] weights, with
// Transposes around them where they take images; global pools and BatchNormalization become arithmetic.
// A node that has no such form stays, with a refusal.
void lower_layers(Graph& graph, std::vector<Refusal>& refusals);

}  // namespace slipway::convert
