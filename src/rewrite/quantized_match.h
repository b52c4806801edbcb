// What the rewrites toward slipway.QuantizedGemm and slipway.QuantizedConv share.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"
#include "rewrite/rewrite.h"

namespace slipway::rewrite {

// Who makes and who reads each value of a graph, as it was when this was made.
class Neighbours {
 public:
  explicit Neighbours(const Graph& graph);

  // The node that produces `v` when it is an `op_type` of ONNX, else nullptr. Valid until nodes are added.
  const Node* producer(ValueId v, std::string_view op_type) const;
  // The only reader of `v` when it is an `op_type` of ONNX, else nullptr. Graph outputs and updates count as readers.
  const Node* only_reader(ValueId v, std::string_view op_type) const;
  // The index in graph.nodes() of a node told by the two above.
  size_t index(const Node* node) const { return static_cast<size_t>(node - graph_.nodes().data()); }

 private:
  const Graph& graph_;
  std::vector<NodeId> producers_;
  std::vector<std::vector<size_t>> readers_;
  std::vector<int> uses_;
};

// The elements of v's type when they are known.
std::optional<int64_t> known_count(const Graph& graph, ValueId v);

// One fixed scale and zero point: real = scale (stored - zero).
struct LinearScale {
  float scale = 1;
  int32_t zero = 0;
  DType dtype = DType::u8;  // u8 or i8

  bool operator==(const LinearScale&) const = default;
  float least() const { return dtype == DType::u8 ? 0 : -128; }
  float greatest() const { return dtype == DType::u8 ? 255 : 127; }
  // `real` as it is stored, saturated.
  float stored(float real) const;
};
// Of a QuantizeLinear or DequantizeLinear in 8 bits; nullopt for scales that are computed, by axis, by block, or not
// positive float32.
std::optional<LinearScale> linear_scale(const Graph& graph, const Node& node);

// The uint8 value behind the DequantizeLinear that makes `v`, and its scale; nullopt when there is no such.
struct QuantizedValue {
  ValueId stored;
  LinearScale scale;
};
std::optional<QuantizedValue> dequantized_from(const Graph& graph, const Neighbours& near, ValueId v);

// Constant 8-bit weights as int8 with zero point 0: `w` itself, or a new constant when they are uint8 around 128.
// nullopt for any other zero point, or when they are not constant.
std::optional<ValueId> symmetric_weights(Graph& graph, ValueId w, ValueId zero);

// A fixed tensor of 1 or `n` elements that lie along one dimension, `from_end` places before the last.
bool along_channels(const Graph& graph, ValueId v, int64_t n, size_t from_end);

// Appends `node` so that it produces `result`, which until now came from node number `old`.
void produce_instead(Graph& graph, size_t old, ValueId result, Node node);

}  // namespace slipway::rewrite
