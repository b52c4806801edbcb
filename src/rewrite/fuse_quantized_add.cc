// Add of two dequantized tensors, quantized again, in one pass over bytes.
#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

bool same_known_dims(const Graph& graph, ValueId a, ValueId b) {
  const auto &left = graph.value(a).dims, &right = graph.value(b).dims;
  if (!left || !right || left->size() != right->size()) return false;
  for (size_t d = 0; d < left->size(); ++d) {
    if (!(*left)[d].same((*right)[d])) return false;
  }
  return true;
}

Result<int> apply(Graph& graph, const OperatorSet& operators) {
  int changes = 0;
  rewrite::Neighbours near(graph);
  std::vector<std::pair<size_t, Node>> found;  // the QuantizeLinear, and what takes its place
  for (const Node& add : graph.nodes()) {
    if (add.op_type != "Add" || !add.domain.empty() || add.op == nullptr) continue;
    auto a = rewrite::dequantized_from(graph, near, add.inputs[0]);
    auto b = rewrite::dequantized_from(graph, near, add.inputs[1]);
    if (!a || !b || !same_known_dims(graph, a->stored, b->stored)) continue;
    ValueId sum = add.outputs[0];
    const Node* relu = near.only_reader(sum, "Relu");
    if (relu != nullptr) sum = relu->outputs[0];
    const Node* quantize = near.only_reader(sum, "QuantizeLinear");
    std::optional<rewrite::LinearScale> y =
        quantize != nullptr ? rewrite::linear_scale(graph, *quantize) : std::nullopt;
    if (!y || y->dtype != DType::u8 || quantize->inputs[0] != sum) continue;
    const float a_scale = a->scale.scale / y->scale, b_scale = b->scale.scale / y->scale;
    Node node;
    node.op_type = "QuantizedAdd";
    node.domain = "slipway";
    node.op = operators.find(node.op_type, node.domain);
    node.name = add.name;
    node.inputs = {a->stored, b->stored};
    node.attributes.set("a_scale", a_scale);
    node.attributes.set("b_scale", b_scale);
    node.attributes.set("offset", static_cast<float>(y->zero) - static_cast<float>(a->scale.zero) * a_scale -
                                      static_cast<float>(b->scale.zero) * b_scale);
    if (relu != nullptr) node.attributes.set("low", static_cast<float>(y->zero));
    found.emplace_back(near.index(quantize), std::move(node));
  }
  for (auto& [quantize, node] : found) {
    rewrite::produce_instead(graph, quantize, graph.nodes()[quantize].outputs[0], std::move(node));
    ++changes;
  }
  return changes;
}

}  // namespace

REWRITE(fuse_quantized_add) = {
    .name = "fuse_quantized_add",
    .doc = "Add, with a Relu, between DequantizeLinear and QuantizeLinear of uint8 becomes QuantizedAdd",
    .order = 6,
    .apply = apply,
};

}  // namespace slipway
