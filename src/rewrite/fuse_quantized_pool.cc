// AveragePool and GlobalAveragePool of a dequantized tensor, quantized again, in one pass over bytes.
#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

Result<int> apply(Graph& graph, const OperatorSet& operators) {
  rewrite::Neighbours near(graph);
  std::vector<std::pair<size_t, Node>> found;  // the QuantizeLinear, and what takes its place
  for (const Node& pool : graph.nodes()) {
    const bool global = pool.op_type == "GlobalAveragePool";
    if ((!global && pool.op_type != "AveragePool") || !pool.domain.empty() || pool.op == nullptr) continue;
    auto x = rewrite::dequantized_from(graph, near, pool.inputs[0]);
    const Node* quantize = near.only_reader(pool.outputs[0], "QuantizeLinear");
    if (!x || quantize == nullptr || !graph.value(x->stored).dims || graph.value(x->stored).dims->size() > 5) continue;
    std::optional<rewrite::LinearScale> y = rewrite::linear_scale(graph, *quantize);
    if (!y || y->dtype != DType::u8) continue;
    Node node;
    node.op_type = "QuantizedAveragePool";
    node.domain = "slipway";
    node.op = operators.find(node.op_type, node.domain);
    node.name = pool.name;
    node.inputs = {x->stored};
    if (!global) node.attributes = pool.attributes;
    node.attributes.set("global", int64_t{global});
    node.attributes.set("x_zero", int64_t{x->scale.zero});
    node.attributes.set("scale", x->scale.scale / y->scale);
    node.attributes.set("y_zero", static_cast<float>(y->zero));
    found.emplace_back(near.index(quantize), std::move(node));
  }
  for (auto& [quantize, node] : found) {
    rewrite::produce_instead(graph, quantize, graph.nodes()[quantize].outputs[0], std::move(node));
  }
  return static_cast<int>(found.size());
}

}  // namespace

REWRITE(fuse_quantized_pool) = {
    .name = "fuse_quantized_pool",
    .doc = "AveragePool or GlobalAveragePool between DequantizeLinear and QuantizeLinear of uint8 averages bytes",
    .order = 6,
    .apply = apply,
};

}  // namespace slipway
