// Sums of two or one: the same numbers from operators that other rewrites and kernels know.
#include "rewrite/rewrite.h"

namespace slipway {
namespace {

Result<int> apply(Graph& graph, const OperatorSet& operators) {
  int changes = 0;
  for (Node& node : graph.nodes()) {
    if (node.op == nullptr || node.op_type != "Sum" || !node.domain.empty() || node.inputs.size() > 2) continue;
    node.op_type = node.inputs.size() == 2 ? "Add" : "Identity";
    node.op = operators.find(node.op_type);
    ++changes;
  }
  return changes;
}

}  // namespace

REWRITE(sum_to_add) = {
    .name = "sum_to_add",
    .doc = "Sum of two is Add; of one, it is that one",
    .order = 1,
    .apply = apply,
    .portable = true,
};

}  // namespace slipway
