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

// Constant 8-bit weights as int8 with zero point 0: `w` itself, or a new constant when they are uint8 around 128.
// nullopt for any other zero point, or when they are not constant.
std::optional<ValueId> symmetric_weights(Graph& graph, ValueId w, ValueId zero);

// A fixed tensor of 1 or `n` elements that lie along one dimension, `from_end` places before the last.
bool along_channels(const Graph& graph, ValueId v, int64_t n, size_t from_end);

// Appends `node` so that it produces `result`, which until now came from node number `old`.
void produce_instead(Graph& graph, size_t old, ValueId result, Node node);

}  // namespace slipway::rewrite
