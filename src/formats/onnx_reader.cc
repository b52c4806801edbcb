// ONNX model to Graph: names become values, functions are inlined, subgraphs get their captures as inputs.
#include <deque>
#include <map>
#include <set>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "formats/onnx.h"
#include "formats/onnx_ml.h"
#include "formats/onnx_opsets.h"
#include "formats/onnx_proto.h"
#include "formats/onnx_upgrade.h"
#include "formats/preparation.h"
#include "formats/tensor_pb.h"
#include "ops/all.h"
#include "rewrite/expand_gradients.h"

namespace slipway {

namespace {

using onnx::AttributeProto;
using onnx::FunctionProto;
using onnx::GraphProto;
using onnx::NodeProto;

constexpr int64_t kMostNodes = 1'000'000;  // after inlining: nested calls multiply
constexpr int kDeepestCalls = 64;
constexpr int kDeepestBodies = 12;  // subgraphs inside subgraphs, as verify() has it

using Opsets = std::map<std::string, int64_t, std::less<>>;

std::string plain_domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

// What the body of a function or of the model is read under.
struct Frame {
  Opsets opsets;
  std::map<std::string, const AttributeProto*> arguments;  // attributes of the call, by name
  int depth = 0;                                           // calls around this body
  int bodies = 0;                                          // subgraphs around it
};

// Names visible in one graph or one inlined function body, and the graph that receives its nodes.
struct Scope {
  Graph& graph;
  Scope* outer = nullptr;   // scope of the node that holds this subgraph
  std::string prefix = {};  // of the names of values and nodes of an inlined body
  std::map<std::string, ValueId, std::less<>> names = {};
  std::map<std::string, ValueType, std::less<>> declared = {};
  std::map<std::string, ValueId, std::less<>> results = {};  // of an inlined body: values of the caller
  struct Capture {
    ValueId outside;
    ValueId inside;
  };
  std::vector<Capture> captures = {};
  std::set<std::string, std::less<>> from_outside = {};  // names that were resolved in the graphs around
};

struct Subgraph {
  std::string attribute;
  std::shared_ptr<Graph> graph;
  std::vector<Scope::Capture> captures;
};

// The value of `name`; nullopt when nothing visible has it. A value from outside becomes a capture of every graph
// between, or a constant of this one.
std::optional<ValueId> resolve(Scope& scope, const std::string& name) {
  if (auto it = scope.names.find(name); it != scope.names.end()) return it->second;
  if (scope.outer == nullptr) return std::nullopt;
  std::optional<ValueId> outside = resolve(*scope.outer, name);
  if (!outside || !outside->valid()) return outside;
  const Value& value = scope.outer->graph.value(*outside);
  ValueId inside;
  if (value.data.defined()) {
    inside = scope.graph.add_constant(value.name, value.data);
  } else {
    inside = scope.graph.add_value(value.name, value.dtype, value.dims);
    scope.graph.value(inside).element = value.element;
    scope.captures.push_back({*outside, inside});
  }
  scope.names[name] = inside;
  scope.from_outside.insert(name);
  return inside;
}

// Gives all subgraphs of a node the same captures in the same order, as their last inputs and the node's.
void join_captures(const Graph& graph, std::vector<Subgraph>& subgraphs, Values& node_inputs) {
  Values all;
  for (const Subgraph& subgraph : subgraphs) {
    for (const Scope::Capture& capture : subgraph.captures) {
      if (std::find(all.begin(), all.end(), capture.outside) == all.end()) all.push_back(capture.outside);
    }
  }
  for (Subgraph& subgraph : subgraphs) {
    for (ValueId outside : all) {
      auto it = std::find_if(subgraph.captures.begin(), subgraph.captures.end(),
                             [&](const Scope::Capture& capture) { return capture.outside == outside; });
      const Value& value = graph.value(outside);
      ValueId inside = it != subgraph.captures.end() ? it->inside : subgraph.graph->add_value(value.name);
      subgraph.graph->value(inside).set_type(value.type());
      subgraph.graph->inputs.push_back(inside);
    }
    subgraph.graph->captures = static_cast<int>(all.size());
  }
  node_inputs.insert(node_inputs.end(), all.begin(), all.end());
}

class ModelReader {
 public:
  ModelReader(const onnx::ModelProto& model, const std::filesystem::path& folder) : model_(model), folder_(folder) {}

  Result<Graph> read() {
    for (const FunctionProto& function : model_.functions()) {
      functions_.emplace(std::pair(plain_domain(function.domain()), function.name()), &function);
    }
    Frame frame{TRY(opsets(model_.opset_import()))};
    if (model_.opset_import_size() == 0 && model_.ir_version() < 3) frame.opsets[""] = 1;
    Graph graph;
    Scope scope{graph};
    for (const auto& [domain, version] : frame.opsets) graph.opsets[domain] = version;
    RETURN_IF_ERROR(read_graph(model_.graph(), scope, frame));
    RETURN_IF_ERROR(rewrite::expand_gradients(graph, all_operators()));
    if (graph.doc.empty()) graph.doc = model_.doc_string();
    for (const auto& entry : model_.metadata_props()) graph.metadata[entry.key()] = entry.value();
    return graph;
  }

 private:
  template <typename Imports>
  Result<Opsets> opsets(const Imports& imports) {
    Opsets result;
    for (const auto& import : imports) {
      std::string domain = plain_domain(import.domain());
      if (domain.empty() && (import.version() < kOldestReadOpset || import.version() > kNewestReadOpset)) {
        return unsupported(
            fmt::format("opset {} of ONNX's default domain; expected {} to {}. Export the model with an "
                        "older opset, such as {}",
                        import.version(), kOldestReadOpset, kNewestReadOpset, kUsualOpset));
      }
      result[domain] = import.version();
    }
    return result;
  }

  Status read_graph(const GraphProto& proto, Scope& scope, const Frame& frame) {
    Graph& graph = scope.graph;
    if (!proto.name().empty()) graph.name = proto.name();
    graph.doc = proto.doc_string();
    if (proto.sparse_initializer_size() > 0) {
      return unsupported(
          fmt::format("graph \"{}\" has sparse initializers; save the model with dense ones", proto.name()));
    }
    for (const auto* infos : {&proto.value_info(), &proto.output()}) {
      for (const auto& info : *infos) {
        scope.declared[info.name()] = TRY(declared_type(info));
        note_packed(info.name(), info.type().tensor_type().elem_type());
      }
    }
    for (const auto& tensor : proto.initializer()) RETURN_IF_ERROR(read_initializer(tensor, scope));
    for (const auto& info : proto.input()) RETURN_IF_ERROR(read_input(info, scope));
    for (const NodeProto& node : proto.node()) RETURN_IF_ERROR(read_node(node, scope, frame));
    for (const auto& info : proto.output()) {
      std::optional<ValueId> id = resolve(scope, info.name());
      if (!id || !id->valid()) {
        return invalid(fmt::format("output \"{}\" of graph \"{}\" is produced by no node, input or initializer",
                                   info.name(), proto.name()));
      }
      graph.outputs.push_back(*id);
    }
    return {};
  }

  Status read_initializer(const onnx::TensorProto& proto, Scope& scope) {
    if (proto.name().empty()) return invalid("an initializer without a name");
    if (scope.names.contains(proto.name())) {
      return invalid(fmt::format("initializer \"{}\" is there twice", proto.name()));
    }
    Tensor tensor = TRY(tensor_from_proto(proto, folder_));
    note_packed(proto.name(), proto.data_type());
    scope.names[proto.name()] = scope.graph.add_constant(proto.name(), std::move(tensor));
    return {};
  }

  // An input that is an initializer too has a default; it stays a constant.
  Status read_input(const onnx::ValueInfoProto& info, Scope& scope) {
    if (info.name().empty()) return invalid("an input without a name");
    if (auto it = scope.names.find(info.name()); it != scope.names.end()) {
      if (scope.graph.is_constant(it->second)) return {};
      return invalid(fmt::format("input \"{}\" is there twice", info.name()));
    }
    ValueType type = TRY(declared_type(info));
    note_packed(info.name(), info.type().tensor_type().elem_type());
    ValueId id = scope.graph.add_input(info.name(), type.dtype, type.dims);
    scope.graph.value(id).element = type.element;
    scope.names[info.name()] = id;
    return {};
  }

  // Values of fewer than 8 bits are read as bytes, by name over all graphs of the model.
  void note_packed(const std::string& name, int data_type) {
    if (packed_bits(data_type) > 0) packed_.insert(name);
  }

  // Their type says where an operator that makes such values saturates, which that of bytes does not.
  Status refuse_packed_results(const NodeProto& proto) const {
    int like = proto.op_type() == "QuantizeLinear" ? 2 : proto.op_type() == "CastLike" ? 1 : 0;
    if (like == 0) return {};
    bool packed = like < proto.input_size() && packed_.contains(proto.input(like));
    for (const std::string& name : proto.output()) packed |= packed_.contains(name);
    if (!packed) return {};
    return unsupported("its results are of fewer than 8 bits; only constants and inputs are read so");
  }

  Status read_node(const NodeProto& proto, Scope& scope, const Frame& frame) {
    std::string domain = plain_domain(proto.domain());
    Node shown;
    if (!proto.name().empty()) shown.name = scope.prefix + proto.name();
    shown.op_type = proto.op_type();
    shown.domain = domain;
    if (++nodes_ > kMostNodes) {
      return exhausted(fmt::format("over {} nodes once functions are inlined", kMostNodes));
    }
    auto function = functions_.find(std::pair(domain, proto.op_type()));
    if (function != functions_.end()) return inline_call(*function->second, proto, scope, frame).at(describe(shown));
    return read_operator(proto, std::move(shown), scope, frame);
  }

  Status read_operator(const NodeProto& proto, Node node, Scope& scope, const Frame& frame) {
    const std::string who = describe(node);
    auto opset = frame.opsets.find(node.domain);
    if (node.op_type.empty()) return invalid(fmt::format("{}: it names no operator", who));
    if (opset == frame.opsets.end() && node.domain.empty()) {
      return invalid(fmt::format("{}: the model imports no opset of ONNX's default domain", who));
    }
    int version = node.domain.empty() ? static_cast<int>(opset->second) : kCanonicalOpset;
    if (node.domain.empty()) RETURN_IF_ERROR(check_attribute_types(proto, version).at(who));
    if (node.domain.empty()) RETURN_IF_ERROR(refuse_packed_results(proto).at(who));
    RETURN_IF_ERROR(read_inputs(proto, scope, node.inputs).at(who));
    RETURN_IF_ERROR(read_attributes(proto, scope, frame, node).at(who));
    if (node.domain == "ai.onnx.ml") RETURN_IF_ERROR(plain_ml_attributes(node).at(who));
    if (node.domain.empty() && node.op_type == "Constant") return read_constant(proto, node, scope).at(who);
    for (const std::string& name : proto.output()) {
      Result<ValueId> id = define(scope, name);
      if (!id.ok()) return id.status().at(who);
      node.outputs.push_back(*id);
    }
    while (!node.outputs.empty() && !node.outputs.back().valid()) node.outputs.pop_back();
    if (version < 6) node.attributes.erase("consumed_inputs");  // a memory hint, gone since opset 6
    VersionMover mover(scope.graph, upgrade_rules(), VersionMover::Direction::up, kCanonicalOpset);
    return mover.move(std::move(node), version);
  }

  Status read_inputs(const NodeProto& proto, Scope& scope, Values& inputs) {
    for (const std::string& name : proto.input()) {
      std::optional<ValueId> id = name.empty() ? ValueId{} : resolve(scope, name);
      if (!id) {
        return invalid(
            fmt::format("input \"{}\" is produced by no earlier node, input or initializer (ONNX wants "
                        "nodes in the order in which they run)",
                        name));
      }
      inputs.push_back(*id);
    }
    return {};
  }

  // The value that a node's output `name` fills; invalid for an omitted one.
  Result<ValueId> define(Scope& scope, const std::string& name) {
    if (name.empty()) return ValueId{};
    RETURN_IF_ERROR(claim(scope, name));
    if (auto it = scope.results.find(name); it != scope.results.end() && it->second.valid()) {
      return scope.names[name] = it->second;
    }
    std::string unique = scope.prefix.empty() ? name : scope.graph.fresh_name(scope.prefix + name);
    ValueId id = scope.graph.add_value(unique);
    if (auto it = scope.declared.find(name); it != scope.declared.end()) scope.graph.value(id).set_type(it->second);
    return scope.names[name] = id;
  }

  // Makes `name` free for a value of this graph. It may hide one of the graphs around, even after that was read.
  Status claim(Scope& scope, const std::string& name) {
    if (!scope.names.contains(name) || scope.from_outside.erase(name) > 0) return {};
    return invalid(fmt::format("output \"{}\" is produced twice, or is an input or initializer", name));
  }

  Status read_constant(const NodeProto& proto, const Node& node, Scope& scope) {
    if (proto.output_size() != 1 || proto.output(0).empty()) return invalid("expected one output");
    const std::string& name = proto.output(0);
    RETURN_IF_ERROR(claim(scope, name));
    Tensor tensor = TRY(constant_value(node.attributes));
    for (const AttributeProto& attribute : proto.attribute()) note_packed(name, attribute.t().data_type());
    scope.names[name] = scope.graph.add_constant(scope.graph.fresh_name(scope.prefix + name), std::move(tensor));
    return {};
  }

  // The attribute itself, or the call's when it refers to one; nullptr: left out by the call.
  const AttributeProto* argument(const AttributeProto& attribute, const Frame& frame) {
    if (attribute.ref_attr_name().empty()) return &attribute;
    auto it = frame.arguments.find(attribute.ref_attr_name());
    return it == frame.arguments.end() ? nullptr : it->second;
  }

  Status read_attributes(const NodeProto& proto, Scope& scope, const Frame& frame, Node& node) {
    std::vector<Subgraph> subgraphs;
    for (const AttributeProto& written : proto.attribute()) {
      const AttributeProto* attribute = argument(written, frame);
      if (attribute == nullptr) continue;
      if (attribute_kind(*attribute) != AttributeProto::GRAPH) {
        node.attributes.set(written.name(), TRY(attribute_from_proto(*attribute, folder_)));
        continue;
      }
      auto graph = std::make_shared<Graph>();
      Scope inner{*graph, &scope};
      Frame deeper = frame;
      if (++deeper.bodies > kDeepestBodies) {
        return unsupported(fmt::format("subgraphs are nested over {} deep", kDeepestBodies));
      }
      RETURN_IF_ERROR(read_graph(attribute->g(), inner, deeper).at(written.name()));
      subgraphs.push_back({written.name(), std::move(graph), std::move(inner.captures)});
    }
    if (subgraphs.empty()) return {};
    if (node.op_type == "Loop" && node.inputs.size() < 2) node.inputs.resize(2);
    join_captures(scope.graph, subgraphs, node.inputs);
    for (Subgraph& subgraph : subgraphs) {
      node.attributes.set(subgraph.attribute, std::shared_ptr<const Graph>(std::move(subgraph.graph)));
    }
    return {};
  }

  // Default values of attributes: FunctionProto.attribute_proto (field 11), which came after libonnx 1.12.
  void default_arguments(const FunctionProto& function, Frame& frame) {
    constexpr int kAttributeProto = 11;
    const auto& unknown = function.GetReflection()->GetUnknownFields(function);
    for (int i = 0; i < unknown.field_count(); ++i) {
      const auto& field = unknown.field(i);
      if (field.number() != kAttributeProto || field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
        continue;
      }
      AttributeProto& attribute = defaults_.emplace_back();
      if (attribute.ParseFromString(field.length_delimited())) frame.arguments[attribute.name()] = &attribute;
    }
  }

  Status inline_call(const FunctionProto& function, const NodeProto& call, Scope& scope, const Frame& frame) {
    Frame inner{TRY(opsets(function.opset_import())), {}, frame.depth + 1, frame.bodies};
    if (inner.depth > kDeepestCalls) {
      return invalid(fmt::format("functions call each other over {} deep; ONNX forbids recursion", kDeepestCalls));
    }
    if (call.input_size() > function.input_size() || call.output_size() > function.output_size()) {
      return invalid(fmt::format("calls a function of {} inputs and {} outputs with {} and {}", function.input_size(),
                                 function.output_size(), call.input_size(), call.output_size()));
    }
    default_arguments(function, inner);
    for (const AttributeProto& written : call.attribute()) {
      if (const AttributeProto* attribute = argument(written, frame)) inner.arguments[written.name()] = attribute;
    }
    Values inputs;
    RETURN_IF_ERROR(read_inputs(call, scope, inputs));
    inputs.resize(static_cast<size_t>(function.input_size()));
    std::string name = call.name().empty() ? fmt::format("{}_{}", call.op_type(), nodes_) : call.name();
    for (int i = 0; i < call.input_size(); ++i) {
      if (packed_.contains(call.input(i))) packed_.insert(function.input(i));
    }
    Scope body{scope.graph, nullptr, fmt::format("{}{}/", scope.prefix, name)};
    for (int i = 0; i < function.input_size(); ++i) body.names[function.input(i)] = inputs[static_cast<size_t>(i)];
    for (int i = 0; i < call.output_size(); ++i) body.results[function.output(i)] = TRY(define(scope, call.output(i)));
    for (const NodeProto& node : function.node()) RETURN_IF_ERROR(read_node(node, body, inner));
    return bind_results(body);
  }

  // A result that is an input or a constant of the body gets an Identity.
  Status bind_results(Scope& body) {
    for (const auto& [name, wanted] : body.results) {
      auto found = body.names.find(name);
      if (!wanted.valid() || (found != body.names.end() && found->second == wanted)) continue;
      if (found == body.names.end() || !found->second.valid()) {
        return invalid(fmt::format("result \"{}\" of the function is produced by no node of it", name));
      }
      Node node;
      node.op_type = "Identity";
      node.name = body.prefix + name;
      node.inputs = {found->second};
      node.outputs = {wanted};
      VersionMover mover(body.graph, upgrade_rules(), VersionMover::Direction::up, kCanonicalOpset);
      RETURN_IF_ERROR(mover.move(std::move(node), kCanonicalOpset));
    }
    return {};
  }

  const onnx::ModelProto& model_;
  const std::filesystem::path& folder_;
  std::map<std::pair<std::string, std::string>, const FunctionProto*> functions_;
  std::deque<AttributeProto> defaults_;
  std::set<std::string> packed_;  // names of values of fewer than 8 bits
  int64_t nodes_ = 0;
};

}  // namespace

Result<Graph> read_onnx(std::string_view bytes, const std::filesystem::path& folder) {
  auto model = TRY(parse_onnx_model(bytes));
  return preparation_apart(TRY(ModelReader(*model, folder).read()));
}

}  // namespace slipway
