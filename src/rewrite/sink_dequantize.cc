// Operators that only move elements move them quantized: DequantizeLinear goes behind them, toward the next product.
#include <algorithm>
#include <map>

#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

// Moving (or picking the greatest of) quantized elements is the same as moving what they stand for, under one scale.
constexpr std::string_view kMoving[] = {"Flatten",      "Reshape", "Squeeze", "Unsqueeze", "Identity",
                                        "Transpose",    "Slice",   "Gather",  "Expand",    "DepthToSpace",
                                        "SpaceToDepth", "MaxPool", "Split"};

class Sink {
 public:
  explicit Sink(Graph& graph) : graph_(graph), fixed_(graph) {}

  // In one sweep: what has sunk below one operator sinks below the next.
  int run() {
    int changes = 0;
    std::vector<Node> nodes = std::move(graph_.nodes());
    graph_.nodes().clear();
    for (Node& node : nodes) {
      auto it = node.inputs.empty() ? sources_.end() : sources_.find(node.inputs[0]);
      if (it != sources_.end() && moves(node, it->second)) {
        sink(std::move(node), Node(it->second));
        ++changes;
        continue;
      }
      if (simple(node)) sources_[node.outputs[0]] = node;
      graph_.add_node(std::move(node));
    }
    return changes;
  }

 private:
  bool simple(const Node& node) const {
    if (node.op_type != "DequantizeLinear" || !node.domain.empty() || graph_.is_constant(node.inputs[0])) return false;
    const DType dtype = graph_.value(node.inputs[0]).dtype;
    return node.integer("block_size") == 0 && rewrite::known_count(graph_, node.inputs[1]) == 1 &&
           (dtype == DType::u8 || dtype == DType::i8);
  }

  bool moves(const Node& node, const Node& dequantize) const {
    if (!node.domain.empty() || node.op == nullptr) return false;
    if (node.op_type == "MaxPool") return node.outputs.size() == 1;
    if (node.op_type == "Resize") return node.text("mode") == "nearest" && !takes_outside(node);
    if (node.op_type == "Pad") return pads_with_zeros(node) && rewrite::linear_scale(graph_, dequantize).has_value();
    return std::find(std::begin(kMoving), std::end(kMoving), node.op_type) != std::end(kMoving);
  }

  // Whether elements from outside the image are a value of their own.
  static bool takes_outside(const Node& node) {
    return node.text("coordinate_transformation_mode") == "tf_crop_and_resize";
  }

  bool pads_with_zeros(const Node& node) const {
    if (node.text("mode") != "constant" || !node.has_input(2)) return true;
    if (!fixed_(node.inputs[2])) return false;
    const Tensor& value = graph_.value(node.inputs[2]).data;
    return value.dtype() == DType::f32 && value.count() == 1 && value.data<float>()[0] == 0;
  }

  // Zero is stored as the zero point.
  void pad_with_zero_point(Node& node, const Node& dequantize) {
    if (node.text("mode") != "constant") return;
    const rewrite::LinearScale scale = *rewrite::linear_scale(graph_, dequantize);
    Tensor zero = scale.dtype == DType::u8 ? Tensor::scalar(static_cast<uint8_t>(scale.zero))
                                           : Tensor::scalar(static_cast<int8_t>(scale.zero));
    node.inputs.resize(std::max<size_t>(node.inputs.size(), 3));
    node.inputs[2] = graph_.add_constant(graph_.fresh_name("zero_point"), std::move(zero));
  }

  void sink(Node node, const Node& dequantize) {
    const Values results = node.outputs;
    const ValueId quantized = dequantize.inputs[0];
    if (node.op_type == "Pad") pad_with_zero_point(node, dequantize);
    node.inputs[0] = quantized;
    for (ValueId& out : node.outputs) {
      if (!out.valid()) continue;
      const Value value = graph_.value(out);
      out = graph_.add_value(graph_.fresh_name(value.name + "_quantized"), graph_.value(quantized).dtype, value.dims);
    }
    const Values moved = node.outputs;
    graph_.add_node(std::move(node));
    for (size_t i = 0; i < results.size(); ++i) {
      if (!results[i].valid()) continue;
      Node behind = dequantize;
      behind.name = graph_.value(results[i]).name + "_dequantized";
      behind.inputs[0] = moved[i];
      behind.outputs = {results[i]};
      sources_[results[i]] = behind;
      graph_.add_node(std::move(behind));
    }
  }

  Graph& graph_;
  rewrite::FixedValues fixed_;
  std::map<ValueId, Node> sources_;  // by what it makes, a DequantizeLinear under one scale
};

Result<int> apply(Graph& graph, const OperatorSet&) { return Sink(graph).run(); }

}  // namespace

REWRITE(sink_dequantize) = {
    .name = "sink_dequantize",
    .doc = "DequantizeLinear in front of an operator that only moves elements goes behind it",
    .order = 4,
    .apply = apply,
};

}  // namespace slipway
