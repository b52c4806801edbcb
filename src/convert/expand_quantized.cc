// QLinear* operators in their float form.
#include "convert/expand_quantized.h"

#include "graph/builder.h"
#include "ops/all.h"

namespace slipway::convert {

namespace {

// Real numbers of a stored value; per-channel scales lie along `axis`.
ValueId dequantized(Builder& b, ValueId stored, ValueId scale, ValueId zero, int64_t axis) {
  const auto& dims = b.graph().value(scale).dims;
  Attributes attributes;
  if (dims && dims->size() == 1) attributes.set("axis", axis);
  return b.op("DequantizeLinear", {stored, scale, zero}, std::move(attributes));
}

// The float node just built takes the name of `node`, and what QuantizeLinear makes of it takes its output.
void quantize_as(Builder& b, ValueId real, const Node& node, size_t scale) {
  if (b.status().ok()) b.graph().nodes().back().name = node.name;
  b.op("QuantizeLinear", {real, node.inputs[scale], node.inputs[scale + 1]});
  if (b.status().ok()) b.graph().nodes().back().outputs[0] = node.outputs[0];
}

// Inputs: x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias of scale x_scale * w_scale.
void expand_conv(Builder& b, const Node& node) {
  Values inputs{dequantized(b, node.inputs[0], node.inputs[1], node.inputs[2], 1),
                dequantized(b, node.inputs[3], node.inputs[4], node.inputs[5], 0)};
  if (node.has_input(8)) {
    const Graph& graph = b.graph();
    ValueId scale;
    if (!graph.is_constant(node.inputs[1]) || !graph.is_constant(node.inputs[4])) {
      scale = b.mul(node.inputs[1], node.inputs[4]);
    } else {
      Tensor scales = graph.value(node.inputs[4]).data.clone();
      auto x_scale = static_cast<float>(graph.value(node.inputs[1]).data.to_doubles()[0]);
      for (float& s : scales.mutable_data<float>()) s *= x_scale;
      scale = b.constant(scales, "bias_scale");
    }
    inputs.push_back(dequantized(b, node.inputs[8], scale, {}, 0));
  }
  quantize_as(b, b.op("Conv", std::move(inputs), node.attributes), node, 6);
}

// Inputs: a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point.
void expand_matmul(Builder& b, const Node& node) {
  ValueId x = dequantized(b, node.inputs[0], node.inputs[1], node.inputs[2], -2);
  ValueId w = dequantized(b, node.inputs[3], node.inputs[4], node.inputs[5], -1);
  quantize_as(b, b.op("MatMul", {x, w}), node, 6);
}

}  // namespace

Result<int> expand_quantized(Graph& graph) {
  std::vector<Node> nodes = std::move(graph.nodes());
  graph.nodes().clear();
  Builder builder(graph, all_operators());
  int found = 0;
  for (Node& node : nodes) {
    bool convolution = node.op_type == "QLinearConv" && node.domain.empty();
    bool product = node.op_type == "QLinearMatMul" && node.domain.empty();
    found += convolution || product;
    if (convolution) {
      expand_conv(builder, node);
    } else if (product) {
      expand_matmul(builder, node);
    } else {
      graph.add_node(std::move(node));
    }
  }
  RETURN_IF_ERROR(builder.status());
  if (found > 0) RETURN_IF_ERROR(verify(graph));
  return found;
}

}  // namespace slipway::convert
