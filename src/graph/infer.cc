// Type inference over a whole graph, card by card.
#include <fmt/format.h>

#include "base/memory.h"
#include "graph/captures.h"
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
    value.element = nullptr;
  }
  ValueType type(size_t i) const override { return graph_.value(node_.inputs[i]).type(); }
  void set_type(size_t output, const ValueType& type) override {
    if (!node_.has_output(output) || type.dtype == DType::undefined) return;
    if (type.dims && is_tensor(type.dtype)) return set(output, type.dtype, *type.dims);
    Value& value = graph_.value(node_.outputs[output]);
    bool declared =
        value.dtype == type.dtype && (is_tensor(type.dtype) ? value.dims.has_value() : type.element == nullptr);
    if (!declared) value.set_type(type);
  }
  void set_body(std::string_view attribute, std::shared_ptr<const Graph> body) override {
    bodies_.emplace_back(attribute, std::move(body));
  }

  std::vector<Body>& bodies() { return bodies_; }

 private:
  Graph& graph_;
  const Node& node_;
  std::vector<Body> bodies_;
};

Status refuse_no_tensors(const Graph& graph, const Node& node) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.has_input(i) || is_tensor(graph.value(node.inputs[i]).dtype)) continue;
    return invalid(fmt::format("{}: input {} \"{}\" is of {}; expected a tensor", describe(node), i,
                               graph.value(node.inputs[i]).name, to_string(graph.value(node.inputs[i]).type())));
  }
  return {};
}

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

// Also gives the node's subgraphs with their types, when it has any.
Status infer_with_bodies(Graph& graph, const Node& node, std::vector<Body>* bodies) {
  if (node.op == nullptr || node.op->infer == nullptr) return {};
  RETURN_IF_ERROR(verify_node(node));
  if (!node.op->any_types) {
    RETURN_IF_ERROR(refuse_no_tensors(graph, node));
    if (!ranks_known(graph, node)) return {};
  }
  GraphInferContext context(graph, node);
  RETURN_IF_ERROR(within_memory([&] { return node.op->infer(context); }).at(describe(node)));
  if (bodies != nullptr) *bodies = std::move(context.bodies());
  return check_sizes(graph, node);
}

}  // namespace

Status infer_node(Graph& graph, const Node& node) { return infer_with_bodies(graph, node, nullptr); }

Status infer_types(Graph& graph) {
  for (Node& node : graph.nodes()) {
    std::vector<Body> bodies;
    RETURN_IF_ERROR(infer_with_bodies(graph, node, &bodies));
    for (Body& body : bodies) node.attributes.set(body.first, std::move(body.second));
  }
  return {};
}

}  // namespace slipway
