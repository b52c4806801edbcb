// Lowering a graph, and what an opset's own schemas say of the result.
#include "formats/onnx_downgrade.h"

#include <algorithm>

#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include "formats/onnx_downgrade_pieces.h"
#include "formats/onnx_newer.h"
#include "graph/captures.h"
#include "graph/operator.h"

namespace slipway {

namespace {

// Newest first, as they are undone.
std::span<const VersionRule> all_rules() {
  static const std::vector<VersionRule> rules = [] {
    std::vector<VersionRule> all;
    for (auto part : {downgrade::rules_24_to_14(), downgrade::rules_13_to_10()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return rules;
}

// ONNX's name of a type in its schemas: "tensor(float)", "seq(tensor(int64))"; "" when the type is not all known.
std::string schema_type(const ValueType& type) {
  if (!is_tensor(type.dtype)) {
    std::string element = type.element != nullptr ? schema_type(*type.element) : "";
    return element.empty() ? element
                           : fmt::format("{}({})", type.dtype == DType::sequence ? "seq" : "optional", element);
  }
  if (type.dtype == DType::undefined) return "";
  std::string_view name = dtype_name(type.dtype);
  if (type.dtype == DType::f32) name = "float";
  if (type.dtype == DType::f64) name = "double";
  return fmt::format("tensor({})", name);
}

Status check_types(const Graph& graph, const Node& node, const onnx::OpSchema& schema, int opset) {
  const auto& formals = schema.inputs();
  size_t count = node.inputs.size() - std::min(node.inputs.size(), captured_inputs(node));
  for (size_t i = 0; i < count && !formals.empty(); ++i) {
    if (!node.has_input(i)) continue;
    const ValueType type = graph.value(node.inputs[i]).type();
    const auto& types = formals[std::min(i, formals.size() - 1)].GetTypes();
    std::string wanted = schema_type(type);
    bool fits = std::any_of(types.begin(), types.end(), [&](const std::string* type) { return *type == wanted; });
    if (wanted.empty() || fits) continue;
    return unsupported(fmt::format("{}: input {} is {}, which opset {} does not take there", describe(node), i,
                                   is_tensor(type.dtype) ? std::string(dtype_name(type.dtype)) : to_string(type),
                                   opset));
  }
  return {};
}

// How many there are without those left out at the end.
size_t present(const Values& values, size_t count) {
  while (count > 0 && !values[count - 1].valid()) --count;
  return count;
}

Status check_arity(const Node& node, const onnx::OpSchema& schema, int opset) {
  size_t own = node.inputs.size() - std::min(node.inputs.size(), captured_inputs(node));
  auto inputs = static_cast<int>(present(node.inputs, own));
  auto outputs = static_cast<int>(present(node.outputs, node.outputs.size()));
  auto check = [&](const char* what, int count, int least, int most) -> Status {
    if (count >= least && count <= most) return {};
    int limit = count < least ? least : most;
    return unsupported(fmt::format("{}: it has {} {}, and opset {} wants at {} {}; write a newer opset", describe(node),
                                   count, what, opset, count < least ? "least" : "most", limit));
  };
  RETURN_IF_ERROR(check("inputs", inputs, schema.min_input(), schema.max_input()));
  return check("outputs", outputs, schema.min_output(), schema.max_output());
}

// Whether `opset` has the operator, its attributes and its input types.
Status check_expressible(const Graph& graph, const Node& node, int opset) {
  if (node.domain == "slipway") {
    return unsupported(
        fmt::format("{}: it exists only inside Slipway; write the graph before optimization", describe(node)));
  }
  if (!node.domain.empty()) return {};
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(node.op_type, std::min(opset, kNewestOnnxSchema), "");
  if (schema == nullptr || schema->Deprecated()) {
    bool newer = opset > kNewestOnnxSchema && (node.op == nullptr || node.op->since <= opset);
    if (newer && schema == nullptr) return {};
    if (node.op == nullptr && onnx::OpSchemaRegistry::Schema(node.op_type, kNewestOnnxSchema, "") == nullptr) {
      return unsupported(
          fmt::format("{}: no opset up to {} has such an operator; check its name, or give a custom "
                      "operator a domain of its own",
                      describe(node), kNewestOnnxSchema));
    }
    std::string since = node.op != nullptr ? fmt::format(" (it came with opset {})", node.op->since) : "";
    return unsupported(
        fmt::format("{}: opset {} has no such operator{}; write a newer opset", describe(node), opset, since));
  }
  for (const auto& [name, value] : node.attributes.items()) {
    int since = onnx_attribute_since(node.op_type, name);
    bool known = since > 0 ? since <= opset : opset > kNewestOnnxSchema || schema->attributes().contains(name);
    if (known) continue;
    return unsupported(fmt::format("{}: opset {} does not know its attribute \"{}\"; write a newer opset",
                                   describe(node), opset, name));
  }
  const DType dtype = node.has_input(0) ? graph.value(node.inputs[0]).dtype : DType::undefined;
  if (const int since = onnx_type_since(node.op_type, dtype); since > opset) {
    return unsupported(
        fmt::format("{}: opset {} has it for {} not yet (that came with opset {}); compute it in float32",
                    describe(node), opset, dtype_name(dtype), since));
  }
  if (opset > kNewestOnnxSchema) return {};
  RETURN_IF_ERROR(check_arity(node, *schema, opset));
  return check_types(graph, node, *schema, opset);
}

// The nodes that `original` became, from `begin` on, are what the opset has. Errors begin with the original.
Status check_lowered(const Graph& graph, size_t begin, const Node& original, int opset) {
  for (size_t n = begin; n < graph.nodes().size(); ++n) {
    Status status = check_expressible(graph, graph.nodes()[n], opset);
    bool itself = describe(graph.nodes()[n]) == describe(original);
    if (!status.ok()) return itself ? status : status.at(describe(original));
  }
  return {};
}

// Optional in ONNX, but runtimes want it.
void set_hidden_size(const Graph& graph, Node& node) {
  const bool recurrent =
      node.domain.empty() && node.op != nullptr && find_attribute(*node.op, "hidden_size") != nullptr;
  if (!recurrent || node.has("hidden_size") || !node.has_input(2)) return;
  const std::optional<Dims>& weights = graph.value(node.inputs[2]).dims;
  if (weights && weights->size() == 3 && (*weights)[2].known()) node.attributes.set("hidden_size", (*weights)[2].size);
}

}  // namespace

Result<Graph> lowered_to_opset(const Graph& graph, int opset) {
  Graph out = graph;
  out.nodes().clear();
  VersionMover mover(out, all_rules(), VersionMover::Direction::down, opset);
  for (const Node& original : graph.nodes()) {
    Node node = original;
    for (const auto& [name, value] : original.attributes.items()) {
      const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&value);
      if (subgraph == nullptr) continue;
      Result<Graph> lowered = lowered_to_opset(**subgraph, opset);
      if (!lowered.ok()) return lowered.status().at(describe(original));
      node.attributes.set(name, std::make_shared<const Graph>(std::move(lowered).value()));
    }
    set_hidden_size(graph, node);
    RETURN_IF_ERROR(verify_node(node));
    size_t begin = out.nodes().size();
    int since = original.op != nullptr && original.domain.empty() ? original.op->since : 0;
    RETURN_IF_ERROR(mover.move(std::move(node), std::max(kCanonicalOpset, since)));
    RETURN_IF_ERROR(check_lowered(out, begin, original, opset));
  }
  return out;
}

}  // namespace slipway
