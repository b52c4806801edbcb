// Nodes that change nothing: Identity, Dropout outside training, Cast to the same type.
#include <algorithm>

#include "rewrite/rewrite.h"

namespace slipway {
namespace {

bool changes_nothing(const Graph& graph, const Node& node) {
  if (node.op == nullptr || !node.domain.empty()) return false;
  if (node.op_type == "Identity") return true;
  if (node.op_type == "Dropout") return !node.has_input(2) && !node.has_output(1);
  if (node.op_type == "Cast") {
    const Value& x = graph.value(node.inputs[0]);
    return x.dtype != DType::undefined && node.integer("to") == static_cast<int64_t>(x.dtype);
  }
  return false;
}

Result<int> apply(Graph& graph, const OperatorSet&) {
  int changes = 0;
  for (const Node& node : graph.nodes()) {
    if (!changes_nothing(graph, node)) continue;
    ValueId from = node.outputs[0];
    bool is_output = std::find(graph.outputs.begin(), graph.outputs.end(), from) != graph.outputs.end();
    bool used = std::any_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& other) {
      return std::find(other.inputs.begin(), other.inputs.end(), from) != other.inputs.end();
    });
    if (is_output || !used) continue;
    graph.replace_uses(from, node.inputs[0]);
    ++changes;
  }
  return changes;
}

}  // namespace

REWRITE(remove_identity) = {
    .name = "remove_identity",
    .doc = "Identity, Dropout outside training and Cast to the same type give way to their input",
    .order = 20,
    .apply = apply,
    .portable = true,
};

}  // namespace slipway
