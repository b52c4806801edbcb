// If with a condition that is known: its branch stands in its place.
#include "rewrite/rewrite.h"

namespace slipway {
namespace {

// Copies the nodes of `branch` into `graph`; `moved`: what its values are there.
class Inliner {
 public:
  Inliner(Graph& graph, const Graph& branch, const Node& node) : graph_(graph), branch_(branch), node_(node) {
    moved_.resize(branch.value_count());
    for (size_t k = 0; k < branch.inputs.size(); ++k) moved(branch.inputs[k]) = node.inputs[1 + k];
  }

  void run(const OperatorSet& operators) {
    claim_outputs();
    for (const Node& inner : branch_.nodes()) {
      Node copy = inner;
      for (ValueId& in : copy.inputs) in = move(in);
      for (ValueId& out : copy.outputs) out = move(out);
      graph_.add_node(std::move(copy));
    }
    for (size_t i = 0; i < node_.outputs.size(); ++i) {
      ValueId to = node_.outputs[i];
      ValueId from = move(branch_.outputs[i]);
      if (!to.valid() || to == from) continue;
      Node identity;
      identity.op_type = "Identity";
      identity.op = operators.find("Identity");
      identity.name = graph_.value(to).name;
      identity.inputs = {from};
      identity.outputs = {to};
      graph_.add_node(std::move(identity));
    }
  }

 private:
  ValueId& moved(ValueId id) { return moved_[static_cast<size_t>(id.index)]; }

  // What a node of the branch computes for an output is that output from now on.
  void claim_outputs() {
    std::vector<NodeId> producers = branch_.producers();
    for (size_t i = 0; i < node_.outputs.size(); ++i) {
      ValueId from = branch_.outputs[i];
      if (!node_.has_output(i) || moved(from).valid() || !producers[static_cast<size_t>(from.index)].valid()) continue;
      moved(from) = node_.outputs[i];
      const ValueType type = branch_.value(from).type();
      if (type.dtype != DType::undefined) graph_.value(node_.outputs[i]).set_type(type);
    }
  }

  ValueId move(ValueId id) {
    if (!id.valid() || moved(id).valid()) return id.valid() ? moved(id) : id;
    const Value& value = branch_.value(id);
    ValueId to = value.data.defined() ? graph_.add_constant(graph_.fresh_name(value.name), value.data)
                                      : graph_.add_value(graph_.fresh_name(value.name));
    graph_.value(to).set_type(value.type());
    return moved(id) = to;
  }

  Graph& graph_;
  const Graph& branch_;
  const Node& node_;
  std::vector<ValueId> moved_;
};

Result<int> apply(Graph& graph, const OperatorSet& operators) {
  rewrite::FixedValues fixed(graph);
  int changes = 0;
  for (size_t n = graph.nodes().size(); n-- > 0;) {
    const Node node = graph.nodes()[n];
    if (node.op == nullptr || node.op_type != "If" || !node.domain.empty() || !fixed(node.inputs[0])) continue;
    const Tensor condition = graph.value(node.inputs[0]).data;
    if (condition.dtype() != DType::boolean || condition.count() != 1) continue;  // the run will say what is wrong
    std::shared_ptr<const Graph> branch = node.graph(condition.data<bool>()[0] ? "then_branch" : "else_branch");
    graph.nodes().erase(graph.nodes().begin() + static_cast<ptrdiff_t>(n));
    Inliner(graph, *branch, node).run(operators);
    ++changes;
  }
  if (changes > 0) {
    RETURN_IF_ERROR(graph.sort());
    RETURN_IF_ERROR(infer_types(graph));
  }
  return changes;
}

}  // namespace

REWRITE(inline_if) = {
    .name = "inline_if",
    .doc = "If with a constant condition becomes the branch that it takes",
    .order = 15,
    .apply = apply,
    .portable = true,
};

}  // namespace slipway
