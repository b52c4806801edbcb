// Operators that only move elements move them quantized: DequantizeLinear goes behind them, toward the next product.
#include <algorithm>

#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

// Moving (or picking the greatest of) quantized elements is the same as moving what they stand for, under one scale.
constexpr std::string_view kMoving[] = {"Flatten", "Reshape", "Squeeze", "Unsqueeze",    "Identity",     "Transpose",
                                        "Slice",   "Gather",  "Expand",  "DepthToSpace", "SpaceToDepth", "MaxPool"};

bool moves(const Node& n) {
  return n.domain.empty() && n.outputs.size() == 1 && !n.inputs.empty() &&
         std::find(std::begin(kMoving), std::end(kMoving), n.op_type) != std::end(kMoving);
}

// Requires: `dequantize` is the producer of n's first input, and n its only reader.
void sink(Graph& graph, size_t index, const Node& dequantize) {
  Node behind = dequantize;
  ValueId result = graph.nodes()[index].outputs[0];
  ValueId quantized = dequantize.inputs[0];
  ValueId moved = graph.add_value(graph.fresh_name(graph.value(result).name + "_quantized"),
                                  graph.value(quantized).dtype, graph.value(result).dims);
  graph.nodes()[index].inputs[0] = quantized;
  graph.nodes()[index].outputs[0] = moved;
  behind.name += "_behind";
  behind.inputs[0] = moved;
  behind.outputs = {result};
  graph.add_node(std::move(behind));
}

Result<int> apply(Graph& graph, const OperatorSet&) {
  int changes = 0;
  for (bool again = true; again;) {
    again = false;
    rewrite::Neighbours near(graph);
    for (size_t n = 0; n < graph.nodes().size() && !again; ++n) {
      const Node& node = graph.nodes()[n];
      if (!moves(node)) continue;
      const Node* dequantize = near.producer(node.inputs[0], "DequantizeLinear");
      if (dequantize == nullptr || graph.is_constant(dequantize->inputs[0])) continue;
      bool simple = dequantize->integer("block_size") == 0 && rewrite::known_count(graph, dequantize->inputs[1]) == 1;
      DType dtype = graph.value(dequantize->inputs[0]).dtype;
      if (!simple || (dtype != DType::u8 && dtype != DType::i8)) continue;
      if (near.only_reader(node.inputs[0], node.op_type) != &node) continue;
      sink(graph, n, Node(*dequantize));
      ++changes;
      again = true;
    }
    if (again) RETURN_IF_ERROR(graph.sort());
  }
  return changes;
}

}  // namespace

REWRITE(sink_dequantize) = {
    .name = "sink_dequantize",
    .doc = "DequantizeLinear in front of an operator that only moves elements goes behind it",
    .order = 4,
    .apply = apply,
};

}  // namespace slipway
