// Graph to ONNX model: values become names, captures become plain references, weights go inside or beside the file.
#include <algorithm>
#include <limits>
#include <map>
#include <unordered_set>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "base/file.h"
#include "formats/onnx.h"
#include "formats/onnx_check.h"
#include "formats/onnx_downgrade.h"
#include "formats/onnx_ml.h"
#include "formats/onnx_opsets.h"
#include "formats/onnx_proto.h"
#include "formats/preparation.h"
#include "formats/tensor_pb.h"
#include "graph/captures.h"

namespace slipway {

namespace {

constexpr int64_t kMostInside = 1'500'000'000;  // bytes of weights in the model file; protobuf ends at 2 GB
constexpr size_t kSmallestOutside = 1024;       // smaller tensors stay in the model file
constexpr size_t kAlignment = 4096;             // of external data, so that it can be mapped

// The IR version that came with an opset (onnx/docs/Versioning.md); 4 at least, where initializers need not be inputs.
int ir_version(int opset) {
  if (opset >= 24) return 12;
  if (opset >= 23) return 11;
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  if (opset >= 15) return 8;
  if (opset >= 12) return 7;
  return opset >= 11 ? 6 : opset >= 10 ? 5 : 4;
}

// Bytes for the file beside the model.
struct ExternalFile {
  std::string name;
  std::string bytes;
};

// One graph being written, inside the graph whose node holds it.
struct Level {
  const Graph& graph;
  Level* outer = nullptr;
  std::vector<std::string> names = {};         // of each value
  std::unordered_set<std::string> taken = {};  // the names in use
  std::vector<NodeId> producers = {};          // by value
  std::vector<bool> outside = {};              // the value lives in an outer graph
  std::vector<bool> used_inside = {};          // a subgraph refers to it
};

bool used_outside(const Level* level, const std::string& name) {
  for (; level != nullptr; level = level->outer) {
    if (level->taken.contains(name)) return true;
  }
  return false;
}

bool same_constant(const Value& a, const Value& b) {
  return a.data.defined() && a.data.raw() == b.data.raw() && a.data.type() == b.data.type();
}

class ModelWriter {
 public:
  ModelWriter(int opset, ExternalFile* external) : opset_(opset), external_(external) {}

  Status write(const Graph& graph, onnx::ModelProto& model) {
    Level level{graph};
    level.used_inside.resize(graph.value_count());
    for (size_t v = 0; v < graph.value_count(); ++v) {
      level.names.push_back(graph.value({static_cast<int32_t>(v)}).name);
    }
    level.outside.resize(graph.value_count());
    level.taken.insert(level.names.begin(), level.names.end());
    RETURN_IF_ERROR(write_graph(level, *model.mutable_graph()));
    model.set_ir_version(ir_version(opset_));
    model.set_producer_name("slipway");
    for (const auto& [key, value] : graph.metadata) {
      auto* entry = model.add_metadata_props();
      entry->set_key(key);
      entry->set_value(value);
    }
    domains_[""] = opset_;
    for (const auto& [domain, version] : domains_) {
      auto* import = model.add_opset_import();
      import->set_domain(domain);
      import->set_version(version);
    }
    return {};
  }

 private:
  Status write_graph(Level& level, onnx::GraphProto& proto) {
    const Graph& graph = level.graph;
    level.producers = graph.producers();
    proto.set_name(graph.name);
    if (!graph.doc.empty()) proto.set_doc_string(graph.doc);
    for (const Node& node : graph.nodes()) RETURN_IF_ERROR(write_node(level, node, *proto.add_node()));
    write_initializers(level, proto);
    bool main = level.outer == nullptr;
    size_t formal = graph.inputs.size() - static_cast<size_t>(graph.captures);
    for (size_t i = 0; i < formal; ++i) RETURN_IF_ERROR(write_info(level, graph.inputs[i], main, *proto.add_input()));
    for (ValueId id : graph.outputs) RETURN_IF_ERROR(write_info(level, id, main, *proto.add_output()));
    return write_value_infos(level, proto);
  }

  const std::string& name_of(const Level& level, ValueId id) {
    static const std::string none;
    return id.valid() ? level.names[static_cast<size_t>(id.index)] : none;
  }

  Status write_node(Level& level, const Node& node, onnx::NodeProto& proto) {
    proto.set_op_type(node.op_type);
    if (!node.name.empty()) proto.set_name(own_name(node.name));
    if (!node.domain.empty()) proto.set_domain(node.domain);
    int& version = domains_[node.domain];
    version = std::max(version, node.domain == "ai.onnx.ml" ? onnx_ml_version(node) : 1);
    size_t captures = captured_inputs(node);
    for (const auto& [name, value] : node.attributes.items()) {
      if (const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&value)) {
        bool same = static_cast<size_t>((*subgraph)->captures) == captures;
        if (!same || captures > node.inputs.size() || captures > (*subgraph)->inputs.size()) {
          return invalid(fmt::format("{}: subgraph \"{}\" captures {} values, which are not the node's last inputs",
                                     describe(node), name, (*subgraph)->captures));
        }
      }
      RETURN_IF_ERROR(write_attribute(level, node, name, value, *proto.add_attribute()));
    }
    size_t count = node.inputs.size() - captures;
    while (count > 0 && !node.inputs[count - 1].valid()) --count;
    for (size_t i = 0; i < count; ++i) proto.add_input(name_of(level, node.inputs[i]));
    for (ValueId out : node.outputs) proto.add_output(name_of(level, out));
    return {};
  }

  // Files of other formats, and calls of functions, may give two nodes one name; runtimes refuse that.
  std::string own_name(const std::string& wish) {
    std::string name = wish;
    for (int n = 1; !node_names_.insert(name).second; ++n) name = fmt::format("{}_{}", wish, n);
    return name;
  }

  Status write_attribute(Level& level, const Node& node, const std::string& name, const Attribute& value,
                         onnx::AttributeProto& p) {
    using Proto = onnx::AttributeProto;
    constexpr Proto::AttributeType kTypes[] = {Proto::INT,    Proto::FLOAT,  Proto::STRING,
                                               Proto::INTS,   Proto::FLOATS, Proto::STRINGS,
                                               Proto::TENSOR, Proto::GRAPH,  Proto::TYPE_PROTO};
    p.set_name(name);
    p.set_type(kTypes[value.index()]);
    if (const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&value)) {
      return write_subgraph(level, node, **subgraph, *p.mutable_g());
    }
    if (const auto* v = std::get_if<int64_t>(&value)) p.set_i(*v);
    if (const auto* v = std::get_if<float>(&value)) p.set_f(*v);
    if (const auto* v = std::get_if<std::string>(&value)) p.set_s(*v);
    if (const auto* v = std::get_if<std::vector<int64_t>>(&value)) *p.mutable_ints() = {v->begin(), v->end()};
    if (const auto* v = std::get_if<std::vector<float>>(&value)) *p.mutable_floats() = {v->begin(), v->end()};
    if (const auto* v = std::get_if<std::vector<std::string>>(&value)) *p.mutable_strings() = {v->begin(), v->end()};
    if (const auto* v = std::get_if<Tensor>(&value)) tensor_to_proto(*v, "", *p.mutable_t());
    if (const auto* v = std::get_if<std::shared_ptr<const ValueType>>(&value)) type_to_proto(**v, *p.mutable_tp());
    return {};
  }

  // Captured values take the names they have outside; what lives inside takes names that nothing outside has.
  Status write_subgraph(Level& outer, const Node& node, const Graph& graph, onnx::GraphProto& proto) {
    Level level{graph, &outer};
    size_t count = graph.value_count();
    level.names.resize(count);
    level.outside.resize(count);
    level.used_inside.resize(count);
    size_t captures = static_cast<size_t>(graph.captures);
    for (size_t i = 0; i < captures; ++i) {
      ValueId outside = node.inputs[node.inputs.size() - captures + i];
      refer(level, graph.inputs[graph.inputs.size() - captures + i], outer, outside);
    }
    for (size_t v = 0; v < count; ++v) {
      ValueId id{static_cast<int32_t>(v)};
      if (!level.outside[v] && graph.is_constant(id)) share_constant(level, id);
      if (!level.outside[v]) level.names[v] = fresh_inside(level, graph.value(id).name);
    }
    level.taken.insert(level.names.begin(), level.names.end());
    return write_graph(level, proto);
  }

  void refer(Level& level, ValueId inside, Level& outer, ValueId outside) {
    level.names[static_cast<size_t>(inside.index)] = name_of(outer, outside);
    level.outside[static_cast<size_t>(inside.index)] = true;
    outer.used_inside[static_cast<size_t>(outside.index)] = true;
  }

  // A constant that came from the enclosing graph is written there once.
  void share_constant(Level& level, ValueId id) {
    Level& outer = *level.outer;
    ValueId outside = outer.graph.find(level.graph.value(id).name);
    if (outside.valid() && same_constant(outer.graph.value(outside), level.graph.value(id))) {
      refer(level, id, outer, outside);
    }
  }

  std::string fresh_inside(const Level& level, const std::string& wish) {
    std::string name = wish;
    for (int n = 1; used_outside(level.outer, name) || (n > 1 && level.graph.find(name).valid()); ++n) {
      name = fmt::format("{}_{}", wish, n);
    }
    return name;
  }

  void write_initializers(const Level& level, onnx::GraphProto& proto) {
    std::vector<int> uses = level.graph.use_counts();
    for (size_t v = 0; v < uses.size(); ++v) {
      const Value& value = level.graph.value({static_cast<int32_t>(v)});
      if (!value.data.defined() || level.outside[v] || (uses[v] == 0 && !level.used_inside[v])) continue;
      write_initializer(value.data, level.names[v], *proto.add_initializer());
    }
  }

  void write_initializer(const Tensor& tensor, const std::string& name, onnx::TensorProto& proto) {
    if (external_ == nullptr || tensor.bytes() < kSmallestOutside) return tensor_to_proto(tensor, name, proto);
    type_to_proto(tensor, name, proto);
    external_->bytes.resize((external_->bytes.size() + kAlignment - 1) / kAlignment * kAlignment);
    auto add = [&](const char* key, const std::string& value) {
      auto* entry = proto.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    proto.set_data_location(onnx::TensorProto::EXTERNAL);
    add("location", external_->name);
    add("offset", std::to_string(external_->bytes.size()));
    add("length", std::to_string(tensor.bytes()));
    external_->bytes.append(static_cast<const char*>(tensor.raw()), tensor.bytes());
  }

  // The ZipMap that makes a value, or nullptr: ONNX-ML types it as a list of dictionaries.
  const Node* zip_map(const Level& level, ValueId id) {
    NodeId producer = level.producers[static_cast<size_t>(id.index)];
    if (!producer.valid()) return nullptr;
    const Node& node = level.graph.node(producer);
    return node.op_type == "ZipMap" && node.domain == "ai.onnx.ml" ? &node : nullptr;
  }

  Status write_info(const Level& level, ValueId id, bool typed, onnx::ValueInfoProto& info) {
    const Value& value = level.graph.value(id);
    info.set_name(name_of(level, id));
    if (const Node* zip = zip_map(level, id)) {
      auto* map = info.mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_map_type();
      map->set_key_type(zip->has("classlabels_strings") ? onnx::TensorProto::STRING : onnx::TensorProto::INT64);
      map->mutable_value_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
      return {};
    }
    if (value.dtype == DType::undefined) {
      if (!typed) return {};
      return unsupported(
          fmt::format("value \"{}\" of the graph's inputs and outputs has no type (it is a map or sparse tensor, or "
                      "was never inferred)",
                      value.name));
    }
    type_to_proto(value.type(), *info.mutable_type());
    return {};
  }

  // What nodes compute on the way, so that tools see shapes without inferring them.
  Status write_value_infos(const Level& level, onnx::GraphProto& proto) {
    for (const Node& node : level.graph.nodes()) {
      for (ValueId out : node.outputs) {
        if (!out.valid() || level.graph.value(out).dtype == DType::undefined || !level.graph.value(out).dims) continue;
        const Values& outputs = level.graph.outputs;
        if (std::find(outputs.begin(), outputs.end(), out) != outputs.end()) continue;
        RETURN_IF_ERROR(write_info(level, out, false, *proto.add_value_info()));
      }
    }
    return {};
  }

  int opset_;
  ExternalFile* external_;
  std::map<std::string, int> domains_;  // and the version of each
  std::unordered_set<std::string> node_names_;
};

int64_t constant_bytes(const Graph& graph) {
  int64_t total = 0;
  for (size_t v = 0; v < graph.value_count(); ++v) {
    const Value& value = graph.value({static_cast<int32_t>(v)});
    if (value.data.defined()) total += static_cast<int64_t>(value.data.bytes());
  }
  return total;
}

Result<std::string> serialized_at(int opset, const Graph& graph, ExternalFile* external) {
  if (opset < kOldestWrittenOpset || opset > kNewestWrittenOpset) {
    return invalid(fmt::format("opset {}; expected {} to {}", opset, kOldestWrittenOpset, kNewestWrittenOpset));
  }
  Graph plain = graph;
  if (!plain.updates.empty()) {  // how training goes on is not part of the model
    plain.updates.clear();
    plain.remove_dead_nodes();
  }
  Graph lowered = TRY(lowered_to_opset(TRY(preparation_joined(plain)), opset));
  onnx::ModelProto model;
  RETURN_IF_ERROR(ModelWriter(opset, external).write(lowered, model));
  RETURN_IF_ERROR(check_onnx(model));
  if (model.ByteSizeLong() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return exhausted("the model is over 2 GB, where protobuf ends; write it with external data");
  }
  return model.SerializeAsString();
}

// `opset` 0: the first from kUsualOpset on that can say the model.
Result<std::string> serialized(const Graph& graph, int opset, ExternalFile* external) {
  if (opset != 0) return serialized_at(opset, graph, external);
  for (opset = kUsualOpset;; ++opset) {
    if (external != nullptr) external->bytes.clear();
    Result<std::string> bytes = serialized_at(opset, graph, external);
    if (bytes.ok() || bytes.status().code() != Code::unimplemented || opset == kNewestWrittenOpset) return bytes;
  }
}

}  // namespace

Result<std::string> write_onnx(const Graph& graph, const WriteOptions& options) {
  return serialized(graph, options.opset, nullptr);
}

Status write_onnx_file(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options) {
  bool outside = options.external_data || constant_bytes(graph) > kMostInside;
  ExternalFile external{path.filename().string() + ".data", {}};
  std::string bytes = TRY(serialized(graph, options.opset, outside ? &external : nullptr));
  if (!external.bytes.empty()) {
    RETURN_IF_ERROR(write_file_atomic(path.parent_path() / external.name, external.bytes));
  }
  return write_file_atomic(path, bytes);
}

}  // namespace slipway
