// Nodes whose inputs are all fixed are computed once, now.
#include <algorithm>

#include "ops/evaluate.h"
#include "rewrite/rewrite.h"

namespace slipway {
namespace {

// A fold may make a tensor this much larger than what it came from (Expand of a scalar) before it is left to the plan.
constexpr int64_t kMostGrowth = int64_t{1} << 20;

int64_t bytes_of(const std::vector<Tensor>& tensors) {
  int64_t bytes = 0;
  for (const Tensor& tensor : tensors) bytes += tensor.defined() ? static_cast<int64_t>(tensor.bytes()) : 0;
  return bytes;
}

Result<int> apply(Graph& graph, const OperatorSet&) {
  rewrite::FixedValues fixed(graph);
  int changes = 0;
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    Node node = graph.nodes()[n];
    if (node.op == nullptr || !node.op->deterministic || (node.op->cpu == nullptr && !node.op->view)) continue;
    bool all_fixed =
        std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId in) { return !in.valid() || fixed(in); });
    bool done = std::all_of(node.outputs.begin(), node.outputs.end(),
                            [&](ValueId out) { return !out.valid() || graph.is_constant(out); });
    if (!all_fixed || done) continue;
    std::vector<Tensor> inputs;
    for (ValueId in : node.inputs) inputs.push_back(in.valid() ? graph.value(in).data : Tensor());
    Result<std::vector<TensorType>> types = ops::infer_output_types(node, inputs);
    if (!types.ok()) continue;  // the plan will say what is wrong, with the shapes bound
    int64_t bytes = 0;
    for (const TensorType& type : *types)
      bytes += type.dtype == DType::undefined ? 0 : static_cast<int64_t>(type.bytes());
    if (bytes > bytes_of(inputs) + kMostGrowth) continue;
    Result<std::vector<Tensor>> outputs = ops::evaluate(node, inputs);
    if (!outputs.ok()) continue;
    for (size_t i = 0; i < outputs->size(); ++i) {
      if (!node.has_output(i)) continue;
      ValueId constant = graph.add_constant(graph.fresh_name(graph.value(node.outputs[i]).name), (*outputs)[i]);
      // A graph output keeps its value: its name is part of the model's signature.
      bool is_output = std::find(graph.outputs.begin(), graph.outputs.end(), node.outputs[i]) != graph.outputs.end();
      if (!is_output) {
        graph.replace_uses(node.outputs[i], constant);
        ++changes;
      }
    }
    fixed = rewrite::FixedValues(graph);
  }
  return changes;
}

}  // namespace

REWRITE(fold_constants) = {
    .name = "fold_constants",
    .doc = "a node whose inputs are all constants becomes its constant outputs",
    .order = 10,
    .apply = apply,
    .portable = true,
};

}  // namespace slipway
