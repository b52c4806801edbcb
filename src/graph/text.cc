// The text form of a graph.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "graph/captures.h"
#include "graph/graph.h"

namespace slipway {

namespace {

std::string type_text(const Value& value) {
  if (!is_tensor(value.dtype)) return to_string(value.type());
  std::string dims = value.dims ? to_string(*value.dims) : "[...]";
  return std::string(dtype_name(value.dtype)) + dims;
}

std::string attribute_text(const Attribute& attribute) {
  struct Visitor {
    std::string operator()(int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(float v) const { return fmt::format("{}", v); }
    std::string operator()(const std::string& v) const { return fmt::format("\"{}\"", v); }
    std::string operator()(const std::vector<int64_t>& v) const { return fmt::format("[{}]", fmt::join(v, ", ")); }
    std::string operator()(const std::vector<float>& v) const { return fmt::format("[{}]", fmt::join(v, ", ")); }
    std::string operator()(const std::vector<std::string>& v) const {
      return fmt::format("[\"{}\"]", fmt::join(v, "\", \""));
    }
    std::string operator()(const Tensor& v) const { return to_string(v, 8); }
    std::string operator()(const std::shared_ptr<const Graph>& v) const {
      return fmt::format("graph \"{}\" ({} nodes)", v->name, v->nodes().size());
    }
    std::string operator()(const std::shared_ptr<const ValueType>& v) const { return to_string(*v); }
  };
  return std::visit(Visitor{}, attribute);
}

std::string names(const Graph& graph, const Values& ids) {
  std::string out;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) out += ", ";
    out += ids[i].valid() ? "%" + graph.value(ids[i]).name : "_";
  }
  return out;
}

std::string graph_text(const Graph& graph, const std::string& indent);

std::string node_text(const Graph& graph, const Node& node, const std::string& indent) {
  std::string attributes;
  for (const auto& [name, value] : node.attributes.items()) {
    attributes += fmt::format("{}{} = {}", attributes.empty() ? "" : ", ", name, attribute_text(value));
  }
  std::string types;
  for (ValueId out : node.outputs) {
    if (out.valid()) types += (types.empty() ? "" : ", ") + type_text(graph.value(out));
  }
  std::string line = fmt::format("{}  {} = {}{}{}({}){} : {}\n", indent, names(graph, node.outputs), node.domain,
                                 node.domain.empty() ? "" : ".", node.op_type, names(graph, node.inputs),
                                 attributes.empty() ? "" : " {" + attributes + "}", types);
  for (const auto& [name, body] : bodies(node))
    line += fmt::format("{}    {}: {}", indent, name, graph_text(*body, indent + "    "));
  return line;
}

std::string graph_text(const Graph& graph, const std::string& indent) {
  std::string out = fmt::format("graph {} {{\n", graph.name);
  size_t formal = graph.inputs.size() - static_cast<size_t>(graph.captures);
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs[i]);
    out += fmt::format("{}  {} %{} : {}\n", indent, i < formal ? "input" : "capture", value.name, type_text(value));
  }
  std::vector<int> uses = graph.use_counts();
  for (size_t v = 0; v < graph.value_count(); ++v) {
    const Value& value = graph.value({static_cast<int32_t>(v)});
    if (!value.data.defined() || uses[v] == 0) continue;
    std::string contents = value.data.count() <= 8 ? to_string(value.data) : to_string(value.data.type());
    out += fmt::format("{}  {} %{} : {}\n", indent, value.trainable ? "parameter" : "constant", value.name, contents);
  }
  for (const Node& node : graph.nodes()) out += node_text(graph, node, indent);
  for (const Graph::Update& update : graph.updates) {
    out +=
        fmt::format("{}  update %{} <- %{}\n", indent, graph.value(update.state).name, graph.value(update.next).name);
  }
  return out + fmt::format("{0}  return {1}\n{0}}}\n", indent, names(graph, graph.outputs));
}

}  // namespace

std::string to_text(const Graph& graph) { return graph_text(graph, ""); }

}  // namespace slipway
