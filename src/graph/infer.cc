// Type inference over a whole graph, card by card.
#include <fmt/format.h>

#include "graph/graph.h"
#include "graph/operator.h"

namespace slipway {

namespace {

class GraphInferContext final : public InferContext {
 public:
  GraphInferContext(Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  const Node& node() const override { return node_; }
  bool has_input(size_t i) const override { return node_.has_input(i); }
  size_t input_count() const override { return node_.inputs.size(); }
  DType dtype(size_t i) const override { return graph_.value(node_.inputs[i]).dtype; }
  const Dims& dims(size_t i) const override { return *graph_.value(node_.inputs[i]).dims; }
  const Tensor* known(size_t i) const override {
    if (!node_.has_input(i)) return nullptr;
    const Value& value = graph_.value(node_.inputs[i]);
    return value.data.defined() && !value.trainable ? &value.data : nullptr;
  }
  bool has_output(size_t i) const override { return node_.has_output(i); }
  void set(size_t output, DType dtype, Dims dims) override {
    if (!node_.has_output(output)) return;
    Value& value = graph_.value(node_.outputs[output]);
    value.dtype = dtype;
    // Keep a declared name for a dimension that inference cannot know.
    if (value.dims && value.dims->size() == dims.size()) {
      for (size_t i = 0; i < dims.size(); ++i) {
        if (!dims[i].known() && dims[i].symbol.empty()) dims[i] = (*value.dims)[i];
      }
    }
    value.dims = std::move(dims);
  }

 private:
  Graph& graph_;
  const Node& node_;
};

bool ranks_known(const Graph& graph, const Node& node) {
  for (ValueId in : node.inputs) {
    if (in.valid() && (!graph.value(in).dims || graph.value(in).dtype == DType::undefined)) return false;
  }
  return true;
}

// An output that no machine holds is an error here, so that later counts cannot overflow. Its shape is forgotten.
Status check_sizes(Graph& graph, const Node& node) {
  for (ValueId out : node.outputs) {
    if (!out.valid() || !graph.value(out).dims) continue;
    Shape known;
    for (const Dim& dim : *graph.value(out).dims) {
      if (dim.known()) known.push_back(dim.size);
    }
    Result<int64_t> count = checked_count(known);
    if (count.ok()) continue;
    graph.value(out).dims.reset();
    return count.status().at(fmt::format("{}: output \"{}\"", describe(node), graph.value(out).name));
  }
  return {};
}

}  // namespace

Status infer_node(Graph& graph, const Node& node) {
  if (node.op == nullptr || node.op->infer == nullptr) return {};
  RETURN_IF_ERROR(verify_node(node));
  if (!ranks_known(graph, node)) return {};
  GraphInferContext context(graph, node);
  RETURN_IF_ERROR(node.op->infer(context).at(describe(node)));
  return check_sizes(graph, node);
}

Status infer_types(Graph& graph) {
  for (const Node& node : graph.nodes()) RETURN_IF_ERROR(infer_node(graph, node));
  return {};
}

}  // namespace slipway
