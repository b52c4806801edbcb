// DequantizeLinear around Gemm, MatMul and Conv becomes one int8 product.
#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

using rewrite::Neighbours;

// What a contraction looks like once its operands are found to be quantized.
struct Match {
  size_t last;  // the node whose result the new one produces
  ValueId result;
  Values inputs;  // of the new node
  bool relu = false;
};

// The dimension of w that outputs lie along; nullopt for a form that int8 does not have.
std::optional<int64_t> channel_axis(const Graph& graph, const Node& n) {
  if (n.op_type == "Conv") return 0;
  if (graph.value(n.inputs[1]).dims->size() != 2) return std::nullopt;
  if (n.op_type == "MatMul") {
    if (n.integer("transpose_a") != 0 || graph.value(n.inputs[0]).dims->size() < 2) return std::nullopt;
    return n.integer("transpose_b") != 0 ? 0 : 1;
  }
  if (n.integer("transA") != 0 || n.real("alpha") != 1 || n.real("beta") != 1) return std::nullopt;
  return n.integer("transB") != 0 ? 0 : 1;
}

bool per_tensor(const Graph& graph, const Node& n) {
  return n.integer("block_size") == 0 && rewrite::known_count(graph, n.inputs[1]) == 1 &&
         graph.value(n.inputs[1]).dtype == DType::f32;
}

bool is_8bit(const Graph& graph, ValueId v) {
  return graph.value(v).dtype == DType::u8 || graph.value(v).dtype == DType::i8;
}

// Takes in a Relu and a QuantizeLinear behind the product.
void extend(const Graph& graph, const Neighbours& near, Match& m) {
  auto move_to = [&](const Node* node) {
    m.last = near.index(node);
    m.result = node->outputs[0];
  };
  if (const Node* relu = near.only_reader(m.result, "Relu")) {
    m.relu = true;
    move_to(relu);
  }
  const Node* quantize = near.only_reader(m.result, "QuantizeLinear");
  if (quantize == nullptr || quantize->inputs[0] != m.result || !per_tensor(graph, *quantize)) return;
  if (!is_8bit(graph, quantize->outputs[0])) return;
  m.inputs.resize(8);
  m.inputs[6] = quantize->inputs[1];
  if (quantize->has_input(2)) m.inputs[7] = quantize->inputs[2];
  if (!quantize->has_input(2) && graph.value(quantize->outputs[0]).dtype != DType::u8) {
    m.inputs.resize(6);
    return;
  }
  move_to(quantize);
}

std::optional<Match> match(Graph& graph, const Neighbours& near, size_t index) {
  const Node& n = graph.nodes()[index];
  const Node* x = near.producer(n.inputs[0], "DequantizeLinear");
  const Node* w = near.producer(n.inputs[1], "DequantizeLinear");
  if (x == nullptr || w == nullptr || !graph.value(n.inputs[0]).dims || !graph.value(n.inputs[1]).dims)
    return std::nullopt;
  if (!per_tensor(graph, *x) || !is_8bit(graph, x->inputs[0]) || w->integer("block_size") != 0) return std::nullopt;
  std::string activation = n.text("activation");
  if (!activation.empty() && activation != "Relu") return std::nullopt;
  std::optional<int64_t> axis = channel_axis(graph, n);
  std::optional<Shape> shape = known_shape(*graph.value(n.inputs[1]).dims);
  if (!axis || !shape) return std::nullopt;
  int64_t channels = (*shape)[static_cast<size_t>(*axis)];
  std::optional<int64_t> scales = rewrite::known_count(graph, w->inputs[1]);
  Result<int64_t> scale_axis = normalize_axis(w->integer("axis"), static_cast<int64_t>(shape->size()));
  bool by_channel = scales == channels && scale_axis.ok() && *scale_axis == *axis;
  if (!(scales == 1 || by_channel) || graph.value(w->inputs[1]).dtype != DType::f32) return std::nullopt;
  ValueId bias = n.has_input(2) ? n.inputs[2] : ValueId{};
  if (bias.valid()) {
    const Dims& dims = *graph.value(bias).dims;
    bool row = rewrite::known_count(graph, bias) == channels && !dims.empty() && dims.back().known() &&
               dims.back().size == channels;
    if (!row) return std::nullopt;
  }
  Values inputs = {x->inputs[0], w->inputs[0], w->inputs[1],
                   bias,         x->inputs[1], x->has_input(2) ? x->inputs[2] : ValueId{}};
  ValueId zero = w->has_input(2) ? w->inputs[2] : ValueId{};
  std::optional<ValueId> weights = rewrite::symmetric_weights(graph, w->inputs[0], zero);
  if (!weights) return std::nullopt;
  inputs[1] = *weights;
  Match m = {index, graph.nodes()[index].outputs[0], std::move(inputs), activation == "Relu"};
  extend(graph, near, m);
  return m;
}

Node fused(const Graph& graph, const OperatorSet& operators, size_t index, const Match& m) {
  const Node& n = graph.nodes()[index];
  bool conv = n.op_type == "Conv";
  Node node;
  node.op_type = conv ? "QuantizedConv" : "QuantizedGemm";
  node.domain = "slipway";
  node.op = operators.find(node.op_type, node.domain);
  node.name = n.name;
  node.inputs = m.inputs;
  if (conv) {
    for (const char* name : {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}) {
      if (const Attribute* value = n.attributes.find(name)) node.attributes.set(name, *value);
    }
  } else if (n.op_type == "Gemm" ? n.integer("transB") != 0 : n.integer("transpose_b") != 0) {
    node.attributes.set("transpose_w", int64_t{1});
  }
  if (m.relu) node.attributes.set("activation", "Relu");
  return node;
}

Result<int> apply(Graph& graph, const OperatorSet& operators) {
  int changes = 0;
  Neighbours near(graph);
  size_t nodes = graph.nodes().size();
  std::vector<std::pair<Match, Node>> found;
  for (size_t n = 0; n < nodes; ++n) {
    const Node& node = graph.nodes()[n];
    bool contraction = node.op_type == "Gemm" || node.op_type == "MatMul" || node.op_type == "Conv";
    if (!contraction || !node.domain.empty() || node.op == nullptr) continue;
    if (std::optional<Match> m = match(graph, near, n)) found.emplace_back(*m, fused(graph, operators, n, *m));
  }
  for (auto& [m, node] : found) {
    rewrite::produce_instead(graph, m.last, m.result, std::move(node));
    ++changes;
  }
  return changes;
}

}  // namespace

REWRITE(fuse_quantized) = {
    .name = "fuse_quantized",
    .doc =
        "Gemm, MatMul or Conv of dequantized operands, with the Relu and QuantizeLinear behind it, becomes one int8 "
        "product",
    .order = 5,
    .apply = apply,
};

}  // namespace slipway
