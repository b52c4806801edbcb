// Gradient nodes: the sub-graph that each names is differentiated where it stands.
#include "rewrite/expand_gradients.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "graph/builder.h"
#include "rewrite/autodiff.h"

namespace slipway::rewrite {

namespace {

bool is_gradient(const Node& node) { return node.domain == "ai.onnx.preview.training" && node.op_type == "Gradient"; }

Result<ValueId> named_value(const Graph& graph, const std::string& name, const char* attribute) {
  ValueId id = graph.find(name);
  if (id.valid()) return id;
  return invalid(fmt::format("{}: there is no value \"{}\" in the graph around the node", attribute, name));
}

Status check_differentiable(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  if (is_float(value.dtype)) return {};
  return invalid(fmt::format("\"{}\" is {}; expected floating-point numbers", value.name, to_string(value.type())));
}

// What the node differentiates: y as a function of the named values, which stand at the inputs.
struct Request {
  Values named;   // xs, then zs
  Values inputs;  // where they stand
  size_t by = 0;  // how many of them are xs
  ValueId y;
};

Result<Request> request_of(const Graph& graph, const Node& node) {
  Request request{.inputs = node.inputs};
  for (const char* attribute : {"xs", "zs"}) {
    if (!node.has(attribute)) continue;
    for (const std::string& name : node.strings(attribute)) {
      request.named.push_back(TRY(named_value(graph, name, attribute)));
    }
    if (attribute == std::string_view("xs")) request.by = request.named.size();
  }
  if (request.by == 0) return invalid("xs: expected the names of the values to differentiate by, found none");
  if (!node.has("y")) return invalid("y: expected the name of the value to differentiate, found none");
  if (request.named.size() != node.inputs.size()) {
    return invalid(fmt::format("xs and zs name {} values, and the node has {} inputs; expected one for each",
                               request.named.size(), node.inputs.size()));
  }
  if (node.outputs.size() > request.by) {
    return invalid(fmt::format("{} outputs for {} values in xs", node.outputs.size(), request.by));
  }
  request.y = TRY(named_value(graph, node.text("y"), "y"));
  for (ValueId id : request.named) RETURN_IF_ERROR(check_differentiable(graph, id));
  RETURN_IF_ERROR(check_differentiable(graph, request.y));
  return request;
}

// y once more, computed from the inputs instead of the named values.
ValueId copied_from_inputs(Builder& b, const Request& request) {
  std::map<ValueId, ValueId> copy;
  for (size_t i = 0; i < request.named.size(); ++i) copy[request.named[i]] = request.inputs[i];
  auto of = [&](ValueId id) {
    auto found = copy.find(id);
    return found == copy.end() ? id : found->second;
  };
  const std::vector<Node> nodes = b.graph().nodes();
  for (const Node& node : nodes) {
    if (is_gradient(node)) continue;
    Values inputs;
    std::ranges::transform(node.inputs, std::back_inserter(inputs), of);
    if (inputs == node.inputs) continue;
    Values outputs = b.ops(node.op_type, inputs, static_cast<int>(node.outputs.size()), node.attributes, node.domain);
    for (size_t i = 0; i < outputs.size(); ++i) copy.emplace(node.outputs[i], outputs[i]);
  }
  return of(request.y);
}

ValueId constant_like(Builder& b, ValueId x, double value) {
  const Tensor one = Tensor::of<float>({1}, {static_cast<float>(value)}).cast(b.dtype(x));
  return b.op("ConstantOfShape", {b.op("Shape", {x})}, {{"value", one}});
}

Status expand(Graph& graph, const OperatorSet& operators, const Node& node) {
  const Request request = TRY(request_of(graph, node));
  Builder b(graph, operators, node.name.empty() ? "gradient" : node.name);
  const ValueId y = request.named == request.inputs ? request.y : copied_from_inputs(b, request);
  const std::span<const ValueId> by = std::span(request.inputs).first(request.by);
  auto gradients = TRY(add_gradients(b, y, constant_like(b, y, 1), by));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.outputs[i].valid()) continue;
    auto found = gradients.find(by[i]);
    Node result;
    result.op_type = "Identity";
    result.op = operators.find("Identity");
    result.inputs = {found == gradients.end() ? constant_like(b, by[i], 0) : found->second};
    result.outputs = {node.outputs[i]};
    graph.add_node(std::move(result));
  }
  return b.status();
}

}  // namespace

Status expand_gradients(Graph& graph, const OperatorSet& operators) {
  if (std::ranges::none_of(graph.nodes(), is_gradient)) return {};
  RETURN_IF_ERROR(infer_types(graph));
  for (;;) {
    auto at = std::ranges::find_if(graph.nodes(), is_gradient);
    if (at == graph.nodes().end()) return {};
    const Node node = *at;
    graph.nodes().erase(at);
    RETURN_IF_ERROR(expand(graph, operators, node).at(describe(node)));
    RETURN_IF_ERROR(graph.sort());
  }
}

}  // namespace slipway::rewrite
