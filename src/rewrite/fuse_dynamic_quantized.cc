// DynamicQuantizeLinear, MatMulInteger or ConvInteger, Cast, Mul and Add become one int8 product.
#include <algorithm>

#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

using rewrite::Neighbours;

// The operand of a commutative node that is not `v`.
ValueId other(const Node& n, ValueId v) { return n.inputs[0] == v ? n.inputs[1] : n.inputs[0]; }

struct Match {
  size_t last;
  ValueId result;
  Values inputs;
  bool relu = false;
};

// The scale of w in `scale`, when that is w's scale times the scale of x that `range` computes.
ValueId weight_scale(const Neighbours& near, ValueId scale, const Node& range) {
  const Node* product = near.producer(scale, "Mul");
  if (product == nullptr || range.outputs.size() < 2) return {};
  ValueId x_scale = range.outputs[1];
  if (product->inputs[0] != x_scale && product->inputs[1] != x_scale) return {};
  return other(*product, x_scale);
}

std::optional<Match> match(Graph& graph, const Neighbours& near, const Node& n) {
  const Node* range = near.producer(n.inputs[0], "DynamicQuantizeLinear");
  if (range == nullptr || range->outputs.size() < 3 || !n.has_input(2) || n.inputs[2] != range->outputs[2])
    return std::nullopt;
  const Node* cast = near.only_reader(n.outputs[0], "Cast");
  if (cast == nullptr || cast->integer("to") != static_cast<int64_t>(DType::f32)) return std::nullopt;
  const Node* scaled = near.only_reader(cast->outputs[0], "Mul");
  if (scaled == nullptr || !graph.value(n.inputs[1]).dims) return std::nullopt;
  std::optional<Shape> w = known_shape(*graph.value(n.inputs[1]).dims);
  bool conv = n.op_type == "ConvInteger";
  if (!w || (!conv && w->size() != 2) || !graph.value(n.inputs[0]).dims || graph.value(n.inputs[0]).dims->size() < 2) {
    return std::nullopt;
  }
  int64_t channels = conv ? (*w)[0] : (*w)[1];
  size_t from_end = conv ? w->size() - 2 : 0;
  ValueId scale = weight_scale(near, other(*scaled, cast->outputs[0]), *range);
  if (!scale.valid() || !rewrite::along_channels(graph, scale, channels, from_end)) return std::nullopt;
  Match m = {near.index(scaled), scaled->outputs[0], {range->inputs[0], ValueId{}, scale}, false};
  const Node* add = near.only_reader(m.result, "Add");
  ValueId bias = add != nullptr ? other(*add, m.result) : ValueId{};
  if (bias.valid() && rewrite::known_count(graph, bias) == channels &&
      rewrite::along_channels(graph, bias, channels, from_end)) {
    m.inputs.push_back(bias);
    m.last = near.index(add);
    m.result = add->outputs[0];
  }
  if (const Node* relu = near.only_reader(m.result, "Relu")) {
    m.relu = true;
    m.last = near.index(relu);
    m.result = relu->outputs[0];
  }
  std::optional<ValueId> weights =
      rewrite::symmetric_weights(graph, n.inputs[1], n.has_input(3) ? n.inputs[3] : ValueId{});
  if (!weights) return std::nullopt;
  m.inputs[1] = *weights;
  return m;
}

Result<int> apply(Graph& graph, const OperatorSet& operators) {
  Neighbours near(graph);
  std::vector<std::pair<Match, Node>> found;
  for (const Node& n : graph.nodes()) {
    bool conv = n.op_type == "ConvInteger";
    if (!n.domain.empty() || (!conv && n.op_type != "MatMulInteger")) continue;
    std::optional<Match> m = match(graph, near, n);
    if (!m) continue;
    Node node;
    node.op_type = conv ? "QuantizedConv" : "QuantizedGemm";
    node.domain = "slipway";
    node.op = operators.find(node.op_type, node.domain);
    node.name = n.name;
    node.inputs = m->inputs;
    node.attributes = n.attributes;
    if (m->relu) node.attributes.set("activation", "Relu");
    found.emplace_back(std::move(*m), std::move(node));
  }
  for (auto& [m, node] : found) rewrite::produce_instead(graph, m.last, m.result, std::move(node));
  return static_cast<int>(found.size());
}

}  // namespace

REWRITE(fuse_dynamic_quantized) = {
    .name = "fuse_dynamic_quantized",
    .doc = "DynamicQuantizeLinear, MatMulInteger or ConvInteger, Cast, Mul, Add and Relu become one int8 product",
    .order = 5,
    .apply = apply,
};

}  // namespace slipway
