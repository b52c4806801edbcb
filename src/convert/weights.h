// Weights as graphs hold them: a constant, or a constant behind DequantizeLinear.
#pragma once

#include <optional>
#include <vector>

#include "formats/tflite.h"
#include "graph/graph.h"

namespace slipway::convert {

struct Weight {
  std::string name;
  Tensor data;                               // as stored: float, or integers with `quantization`
  std::optional<Quantization> quantization;  // zero points as stored
};

// The weight that value `id` is, or nullopt when it is computed otherwise. Nodes are given apart from the graph, which
// may be under reconstruction; `producers` index them by value.
std::optional<Weight> weight_of(const Graph& graph, std::span<const Node> nodes, std::span<const NodeId> producers,
                                ValueId id);

// Scale and zero point of a QuantizeLinear or DequantizeLinear with constant parameters; nullopt when they are computed
// or blocked. `axis` is meant only when there are several.
std::optional<Quantization> quantization_of(const Graph& graph, const Node& node);

// The same weight with its dimensions in another order.
Weight permuted(const Weight& weight, std::span<const int64_t> permutation);

// Adds the weight as a constant, behind a DequantizeLinear when it is quantized; returns its real numbers.
ValueId add_weight(Graph& graph, const Weight& weight);

}  // namespace slipway::convert
