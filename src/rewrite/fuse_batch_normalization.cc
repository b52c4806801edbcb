// BatchNormalizationChannelsLast takes in the Add and the Relu behind it, and its gradient that of the Relu: each value
// is then read and written once. Which elements the rectifier passed, the gradient sees from the sign it computes anew.
#include <algorithm>
#include <map>

#include "rewrite/rewrite.h"

namespace slipway {
namespace {

class Fuse {
 public:
  explicit Fuse(Graph& graph) : graph_(graph), producers_(graph.producers()), uses_(graph.use_counts()) {}

  int run() {
    int changes = 0;
    for (Node& node : graph_.nodes()) {
      if (node.op == nullptr) continue;
      if (node.domain.empty() && node.op_type == "Add") changes += take_add(node);
      if (node.domain.empty() && node.op_type == "Relu") changes += take_relu(node);
      if (node.domain == "slipway" && node.op_type == "BatchNormalizationGradChannelsLast") {
        changes += take_relu_grad(node);
      }
    }
    return changes;
  }

 private:
  // The node that makes `id`, when it is a normalization that can take something in, and its Y is read once.
  Node* normalization(ValueId id) {
    NodeId n = producers_[static_cast<size_t>(id.index)];
    if (!n.valid() || uses_[static_cast<size_t>(id.index)] != 1) return nullptr;
    Node& node = graph_.node(n);
    const bool takes = node.op != nullptr && node.domain == "slipway" &&
                       node.op_type == "BatchNormalizationChannelsLast" && node.outputs[0] == id &&
                       node.text("activation").empty();
    return takes ? &node : nullptr;
  }

  // Y of `normalization` is now what `node` made, which makes nothing any more.
  int replace(Node& normalization, Node& node) {
    normalization.outputs[0] = node.outputs[0];
    producers_[static_cast<size_t>(node.outputs[0].index)] =
        producers_[static_cast<size_t>(normalization.outputs[3].index)];
    node.outputs.assign(1, {});
    return 1;
  }

  bool same_dims(ValueId a, ValueId b) const {
    const auto &x = graph_.value(a).dims, &y = graph_.value(b).dims;
    return x && y && x->size() == y->size() &&
           std::equal(x->begin(), x->end(), y->begin(), [](const Dim& p, const Dim& q) { return p.same(q); });
  }

  bool made_before(ValueId first, ValueId second) const {
    return producers_[static_cast<size_t>(first.index)].index < producers_[static_cast<size_t>(second.index)].index;
  }

  int take_add(Node& add) {
    for (size_t i : {size_t{0}, size_t{1}}) {
      Node* from = normalization(add.inputs[i]);
      const ValueId other = add.inputs[1 - i];
      if (from == nullptr || from->has_input(5) || !made_before(other, add.inputs[i])) continue;
      if (!same_dims(other, add.inputs[i])) continue;
      from->inputs.resize(6);
      from->inputs[5] = other;
      return replace(*from, add);
    }
    return 0;
  }

  int take_relu(Node& relu) {
    Node* from = normalization(relu.inputs[0]);
    if (from == nullptr) return 0;
    from->attributes.set("activation", std::string("Relu"));
    if (!from->has_input(5)) rectified_[from->outputs[3]] = relu.outputs[0];
    return replace(*from, relu);
  }

  // dY = ReluGrad(dz, z) for this gradient alone, with z what the normalization of the same mean makes.
  int take_relu_grad(Node& gradient) {
    auto z = rectified_.find(gradient.inputs[3]);
    const ValueId dy = gradient.inputs[5];
    NodeId n = producers_[static_cast<size_t>(dy.index)];
    if (z == rectified_.end() || !n.valid() || uses_[static_cast<size_t>(dy.index)] != 1) return 0;
    const Node& relu = graph_.node(n);
    const bool fits = relu.op_type == "ReluGrad" && relu.domain == "slipway" && relu.inputs[1] == z->second;
    if (!fits || !same_dims(relu.inputs[0], dy)) return 0;
    gradient.inputs[5] = relu.inputs[0];
    gradient.attributes.set("activation", std::string("Relu"));
    return 1;
  }

  Graph& graph_;
  std::vector<NodeId> producers_;
  std::vector<int> uses_;
  std::map<ValueId, ValueId> rectified_;  // mean of a normalization with a Relu and no addend -> its Y
};

Result<int> apply(Graph& graph, const OperatorSet&) { return Fuse(graph).run(); }

}  // namespace

REWRITE(fuse_batch_normalization) = {
    .name = "fuse_batch_normalization",
    .doc = "BatchNormalizationChannelsLast with Add and Relu behind it, and their gradients, in one pass",
    .order = 95,
    .apply = apply,
    .last = true,
};

}  // namespace slipway
