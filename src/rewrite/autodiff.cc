// Reverse-mode differentiation over the node list.
#include "rewrite/autodiff.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace slipway::rewrite {

namespace {

bool any_set(const Values& ids, const std::vector<bool>& flags) {
  return std::any_of(ids.begin(), ids.end(),
                     [&](ValueId id) { return id.valid() && flags[static_cast<size_t>(id.index)]; });
}

void set_all(const Values& ids, std::vector<bool>& flags) {
  for (ValueId id : ids) {
    if (id.valid()) flags[static_cast<size_t>(id.index)] = true;
  }
}

// By node: whether a value of `wrt` reaches it and it reaches y.
std::vector<bool> nodes_between(const Graph& graph, ValueId y, std::span<const ValueId> wrt) {
  const auto& nodes = graph.nodes();
  std::vector<bool> reached(graph.value_count(), false), needed(graph.value_count(), false),
      between(nodes.size(), false);
  for (ValueId x : wrt) reached[static_cast<size_t>(x.index)] = true;
  for (size_t n = 0; n < nodes.size(); ++n) {
    between[n] = any_set(nodes[n].inputs, reached);
    if (between[n]) set_all(nodes[n].outputs, reached);
  }
  needed[static_cast<size_t>(y.index)] = true;
  for (size_t n = nodes.size(); n-- > 0;) {
    between[n] = between[n] && any_set(nodes[n].outputs, needed);
    if (between[n]) set_all(nodes[n].inputs, needed);
  }
  return between;
}

class GradientTape {
 public:
  explicit GradientTape(Builder& builder) : builder_(builder) {}

  ValueId of(ValueId value) const {
    auto it = gradients_.find(value);
    return it == gradients_.end() ? ValueId{} : it->second;
  }
  void add(ValueId value, ValueId gradient) {
    // A gradient has its value's shape, also where inference cannot see it.
    Graph& graph = builder_.graph();
    if (graph.value(value).dims) graph.value(gradient).dims = graph.value(value).dims;
    auto [it, fresh] = gradients_.emplace(value, gradient);
    if (!fresh) it->second = builder_.add(it->second, gradient);
  }

 private:
  Builder& builder_;
  std::map<ValueId, ValueId> gradients_;
};

// dL/dy for each output of `node`; invalid where L does not depend on it: the card leaves that term out.
Values output_gradients(const Node& node, const GradientTape& tape) {
  Values dy;
  for (ValueId out : node.outputs) dy.push_back(out.valid() ? tape.of(out) : ValueId{});
  return dy;
}

}  // namespace

Result<std::map<ValueId, ValueId>> add_gradients(Builder& b, ValueId y, ValueId seed, std::span<const ValueId> wrt) {
  Graph& graph = b.graph();
  std::vector<bool> between = nodes_between(graph, y, wrt);
  GradientTape tape(b);
  tape.add(y, seed);
  for (size_t n = between.size(); n-- > 0;) {
    if (!between[n]) continue;
    Node node = graph.nodes()[n];  // a copy: the list grows meanwhile
    Values dy = output_gradients(node, tape);
    if (std::none_of(dy.begin(), dy.end(), [](ValueId id) { return id.valid(); })) continue;
    if (node.op == nullptr || node.op->gradient == nullptr) {
      return unsupported(
          fmt::format("{} has no gradient and stands between what is differentiated and what it is "
                      "differentiated by; in training, freeze the weights before it or replace it",
                      describe(node)));
    }
    Result<Values> dx = node.op->gradient(b, node, node.inputs, node.outputs, dy);
    if (!dx.ok()) return dx.status();
    RETURN_IF_ERROR(b.status().at(fmt::format("gradient of {}", describe(node))));
    for (size_t i = 0; i < dx->size() && i < node.inputs.size(); ++i) {
      if (node.inputs[i].valid() && (*dx)[i].valid()) tape.add(node.inputs[i], (*dx)[i]);
    }
  }
  std::map<ValueId, ValueId> result;
  for (ValueId x : wrt) {
    if (ValueId gradient = tape.of(x); gradient.valid()) result.emplace(x, gradient);
  }
  RETURN_IF_ERROR(b.status());
  return result;
}

}  // namespace slipway::rewrite
