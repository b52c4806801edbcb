// verify(): what a graph must hold before anything runs it.
#include <fmt/format.h>

#include "graph/captures.h"
#include "graph/graph.h"
#include "graph/operator.h"
#include "graph/required_outputs.h"

namespace slipway {

namespace {

using Kind = AttributeDefault::Kind;

// The index in Attribute of the type that a default of `kind` asks for, or -1 for any.
int expected_index(Kind kind) {
  switch (kind) {
    case Kind::integer:
    case Kind::optional_int:
    case Kind::required_int: return 0;
    case Kind::real:
    case Kind::optional_float:
    case Kind::required_float: return 1;
    case Kind::text:
    case Kind::optional_string:
    case Kind::required_string: return 2;
    case Kind::optional_ints:
    case Kind::required_ints: return 3;
    case Kind::optional_floats: return 4;
    case Kind::optional_strings: return 5;
    case Kind::optional_tensor: return 6;
    case Kind::optional_graph:
    case Kind::required_graph: return 7;
    case Kind::optional_type: return 8;
    case Kind::none: return -1;
  }
  return -1;
}

constexpr const char* kTypeNames[] = {"int", "float", "string", "ints", "floats", "strings", "tensor", "graph", "type"};

// Subgraphs inside subgraphs. Inference tries a body more than once, so that deeper ones could take for ever.
constexpr int kDeepestBodies = 12;

Status verify_attributes(const Node& node) {
  for (const auto& [name, value] : node.attributes.items()) {
    const AttributeSpec* spec = find_attribute(*node.op, name);
    if (spec == nullptr) return invalid(fmt::format("{}: unknown attribute \"{}\"", describe(node), name));
    int expected = expected_index(spec->otherwise.kind);
    if (expected >= 0 && static_cast<size_t>(expected) != value.index()) {
      return invalid(fmt::format("{}: attribute \"{}\" is of type {}; expected {}", describe(node), name,
                                 attribute_type_name(value), kTypeNames[expected]));
    }
  }
  for (const AttributeSpec& spec : node.op->attributes) {
    if (spec.name != nullptr && is_required(spec.otherwise.kind) && !node.has(spec.name)) {
      return invalid(fmt::format("{}: required attribute \"{}\" is missing", describe(node), spec.name));
    }
  }
  return {};
}

Status verify_count(const Node& node, const char* what, size_t found, Arity arity) {
  if (static_cast<int>(found) >= arity.min && static_cast<int>(found) <= arity.max) return {};
  std::string expected = arity.max >= kMany       ? fmt::format("at least {}", arity.min)
                         : arity.min == arity.max ? fmt::format("{}", arity.min)
                                                  : fmt::format("{} to {}", arity.min, arity.max);
  return invalid(fmt::format("{}: has {} {}; expected {}", describe(node), found, what, expected));
}

// What every operator with subgraphs must keep to (Graph::captures).
Status verify_captures(const Node& node) {
  size_t captures = captured_inputs(node);
  for (const auto& [name, body] : bodies(node)) {
    size_t found = static_cast<size_t>(body->captures);
    if (found == captures && captures <= node.inputs.size() && captures <= body->inputs.size()) continue;
    return invalid(fmt::format("{}: subgraph \"{}\" captures {} values; expected {}, the node's last inputs",
                               describe(node), name, found, captures));
  }
  return {};
}

// Of any number of inputs none may be left out, unless the card sees to it (Loop).
Status verify_required(const Node& node) {
  bool all = node.op->inputs.max >= kMany && !node.op->any_types;
  size_t required = all ? node.inputs.size() : static_cast<size_t>(node.op->inputs.min);
  for (size_t i = 0; i < required; ++i) {
    if (!node.has_input(i)) return invalid(fmt::format("{}: required input {} is left out", describe(node), i));
  }
  for (size_t i = 0; i < required_outputs(node); ++i) {
    if (!node.has_output(i)) return invalid(fmt::format("{}: required output {} is left out", describe(node), i));
  }
  return {};
}

bool in_range(const Graph& graph, ValueId id) {
  return !id.valid() || static_cast<size_t>(id.index) < graph.value_count();
}

}  // namespace

size_t required_outputs(const Node& node) {
  if (has_bodies(*node.op)) return 0;
  return node.op->outputs.max >= kMany ? node.outputs.size() : static_cast<size_t>(node.op->outputs.min);
}

Status verify_node(const Node& node) {
  if (node.op == nullptr) return {};
  RETURN_IF_ERROR(verify_count(node, "inputs", node.inputs.size(), node.op->inputs));
  RETURN_IF_ERROR(verify_count(node, "outputs", node.outputs.size(), node.op->outputs));
  RETURN_IF_ERROR(verify_required(node));
  RETURN_IF_ERROR(verify_attributes(node));
  RETURN_IF_ERROR(verify_captures(node));
  return node.op->verify != nullptr ? node.op->verify(node).at(describe(node)) : Status();
}

namespace {

Status verify_at(const Graph& graph, int depth) {
  if (depth > kDeepestBodies) return invalid(fmt::format("subgraphs are nested over {} deep", kDeepestBodies));
  std::vector<bool> ready(graph.value_count(), false);
  for (size_t v = 0; v < graph.value_count(); ++v) ready[v] = graph.is_constant({static_cast<int32_t>(v)});
  for (ValueId in : graph.inputs) ready[static_cast<size_t>(in.index)] = true;
  for (const Node& node : graph.nodes()) {
    for (ValueId in : node.inputs) {
      CHECK(in_range(graph, in), "value id outside the graph");
      if (in.valid() && !ready[static_cast<size_t>(in.index)]) {
        return invalid(fmt::format("{}: input \"{}\" is produced by no earlier node, input or initializer",
                                   describe(node), graph.value(in).name));
      }
    }
    for (ValueId out : node.outputs) {
      if (!out.valid()) continue;
      if (ready[static_cast<size_t>(out.index)]) {
        return invalid(fmt::format("{}: output \"{}\" is produced twice", describe(node), graph.value(out).name));
      }
      ready[static_cast<size_t>(out.index)] = true;
    }
    RETURN_IF_ERROR(verify_node(node));
    for (const auto& [name, body] : bodies(node)) {
      RETURN_IF_ERROR(verify_at(*body, depth + 1).at(fmt::format("{}: {}", describe(node), name)));
    }
  }
  for (ValueId out : graph.outputs) {
    if (!out.valid() || !ready[static_cast<size_t>(out.index)]) {
      return invalid(fmt::format("graph output \"{}\" is produced by no node",
                                 out.valid() ? graph.value(out).name : std::string("(none)")));
    }
  }
  return {};
}

}  // namespace

Status verify(const Graph& graph) { return verify_at(graph, 0); }

}  // namespace slipway
