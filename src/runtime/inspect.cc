// Costs of a model: binding of symbols, inference, counts, lifetimes.
#include "runtime/inspect.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "graph/captures.h"
#include "graph/operator.h"
#include "ops/evaluate.h"
#include "runtime/macs.h"

namespace slipway {

namespace {

constexpr int64_t kLargestFolded = 1 << 16;  // elements; shape arithmetic is far below

std::string full_name(const Node& node) {
  return node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
}

void bind_dims(Value& value, const std::map<std::string, int64_t>& bindings, bool all) {
  if (!value.dims) return;
  for (Dim& dim : *value.dims) {
    if (dim.known()) continue;
    auto it = bindings.find(dim.symbol);
    if (it != bindings.end())
      dim = Dim(it->second);
    else if (all)
      dim = Dim(1);
  }
}

std::set<std::string> input_symbols(const Graph& graph) {
  std::set<std::string> symbols;
  for (ValueId id : graph.inputs) {
    if (!graph.value(id).dims) continue;
    for (const Dim& dim : *graph.value(id).dims) {
      if (!dim.known() && !dim.symbol.empty()) symbols.insert(dim.symbol);
    }
  }
  return symbols;
}

// The contents of a node's outputs when they follow from constants or from a known shape.
void fold(Graph& graph, const Node& node) {
  if (node.op == nullptr || node.op->infer == nullptr || !node.op->deterministic || node.outputs.size() != 1) return;
  std::vector<Tensor> inputs;
  for (ValueId in : node.inputs) {
    if (!in.valid()) {
      inputs.emplace_back();
      continue;
    }
    const Value& value = graph.value(in);
    bool shape_only = node.op_type == "Shape" || node.op_type == "Size";
    std::optional<Shape> shape = value.dims ? known_shape(*value.dims) : std::nullopt;
    if (value.data.defined()) {
      inputs.push_back(value.data);
    } else if (shape_only && shape && value.dtype != DType::undefined) {
      static const char kNothing = 0;  // the contents are not looked at
      inputs.push_back(Tensor::view(value.dtype, *shape, nullptr, &kNothing));
    } else {
      return;
    }
  }
  const Value& out = graph.value(node.outputs[0]);
  std::optional<Shape> shape = out.dims ? known_shape(*out.dims) : std::nullopt;
  if (!shape || element_count(*shape) > kLargestFolded) return;
  Result<std::vector<Tensor>> outputs = ops::evaluate(node, inputs);
  if (outputs.ok()) graph.value(node.outputs[0]).data = (*outputs)[0];
}

// Bytes of a value's contents; nullopt when its type is not known. Strings count 0.
std::optional<int64_t> bytes_of(const Value& value) {
  std::optional<Shape> shape = value.dims ? known_shape(*value.dims) : std::nullopt;
  if (!shape || value.dtype == DType::undefined) return std::nullopt;
  Result<int64_t> count = checked_count(*shape);
  if (!count.ok()) return std::nullopt;
  return *count * static_cast<int64_t>(size_of(value.dtype));
}

std::string type_text(const Value& value) {
  if (!is_tensor(value.dtype)) return to_string(value.type());
  return std::string(dtype_name(value.dtype)) + (value.dims ? to_string(*value.dims) : "[...]");
}

// Shapes, axes and indices are no parameters.
int64_t parameters_in(const Tensor& constant) {
  bool counts = is_float(constant.dtype()) || size_of(constant.dtype()) == 1;
  return counts ? constant.count() : 0;
}

// Operators of the graph and of the subgraphs in it, and the weights of those. `counted`: constants that were met
// before, in this graph or around it.
void count_operators(const Graph& graph, bool inside, std::set<const void*>& counted, Inspection& result) {
  for (size_t v = 0; v < graph.value_count(); ++v) {
    const Tensor& data = graph.value({static_cast<int32_t>(v)}).data;
    if (!data.defined() || !counted.insert(data.raw()).second || !inside) continue;
    result.parameters += parameters_in(data);
    result.weight_bytes += static_cast<int64_t>(data.bytes());
  }
  for (const Node& node : graph.nodes()) {
    ++result.operators[full_name(node)];
    if (node.op == nullptr) ++result.unsupported[full_name(node)];
    for (const auto& [name, body] : bodies(node)) count_operators(*body, true, counted, result);
  }
}

// `weights` is the graph before folding, where only constants have contents.
void count_nodes(const Graph& graph, const Graph& weights, Inspection& result) {
  std::vector<bool> counted(graph.value_count(), false);
  for (const Node& node : graph.nodes()) {
    NodeCost cost{.name = node.name, .op_type = full_name(node), .supported = node.op != nullptr};
    for (ValueId in : node.inputs) {
      if (!weights.is_constant(in) || counted[static_cast<size_t>(in.index)]) continue;
      counted[static_cast<size_t>(in.index)] = true;
      cost.parameters += parameters_in(weights.value(in).data);
      cost.weight_bytes += static_cast<int64_t>(weights.value(in).data.bytes());
    }
    for (ValueId out : node.outputs) {
      if (!out.valid()) continue;
      std::optional<int64_t> bytes = bytes_of(graph.value(out));
      if (!bytes) ++result.unknown_shapes;
      cost.output_bytes = !bytes || cost.output_bytes < 0 ? -1 : cost.output_bytes + *bytes;
    }
    if (node.has_output(0)) cost.output = type_text(graph.value(node.outputs[0]));
    cost.macs = multiply_accumulates(graph, node);
    result.parameters += cost.parameters;
    result.weight_bytes += cost.weight_bytes;
    result.macs += std::max<int64_t>(cost.macs, 0);
    result.nodes.push_back(std::move(cost));
  }
}

// An activation lives from the node that makes it (an input: from the start) to the last that reads it (an output: to
// the end).
void find_peak(const Graph& graph, const Graph& weights, Inspection& result) {
  size_t count = graph.nodes().size();
  std::vector<size_t> last(graph.value_count(), 0);
  for (size_t n = 0; n < count; ++n) {
    for (ValueId in : graph.nodes()[n].inputs) {
      if (in.valid()) last[static_cast<size_t>(in.index)] = n;
    }
    for (ValueId out : graph.nodes()[n].outputs) {
      if (out.valid()) last[static_cast<size_t>(out.index)] = n;
    }
  }
  for (ValueId out : graph.outputs) last[static_cast<size_t>(out.index)] = count;
  auto bytes = [&](ValueId id) { return weights.is_constant(id) ? 0 : bytes_of(graph.value(id)).value_or(0); };
  std::vector<int64_t> freed(count + 1, 0);
  int64_t live = 0;
  auto begin = [&](ValueId id) {
    live += bytes(id);
    freed[last[static_cast<size_t>(id.index)]] += bytes(id);
  };
  for (ValueId in : graph.inputs) begin(in);
  for (size_t n = 0; n < count; ++n) {
    for (ValueId out : graph.nodes()[n].outputs) {
      if (out.valid()) begin(out);
    }
    if (live > result.peak_activation_bytes) {
      result.peak_activation_bytes = live;
      result.peak_node = describe(graph.nodes()[n]);
    }
    live -= freed[n];
  }
}

Json ports_json(const std::vector<Port>& ports) {
  Json list = Json::array();
  for (const Port& port : ports) {
    Json dims = Json::array();
    for (const Dim& dim : port.dims) {
      if (dim.known())
        dims.push(dim.size);
      else
        dims.push(dim.symbol.empty() ? Json() : Json(dim.symbol));
    }
    list.push(Json::object(
        {{"name", port.name}, {"dtype", dtype_name(port.dtype)}, {"shape", port.any_rank ? Json() : dims}}));
  }
  return list;
}

template <typename Number>
Json counts_json(const std::map<std::string, Number>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json.set(name, count);
  return json;
}

Json known(int64_t n) { return n < 0 ? Json() : Json(n); }

}  // namespace

Status check_bindings(const Graph& graph, const std::map<std::string, int64_t>& bindings) {
  std::set<std::string> symbols = input_symbols(graph);
  for (const auto& [name, size] : bindings) {
    if (!symbols.contains(name)) {
      return invalid(
          fmt::format("no input has a dimension named \"{}\"; the model has {}", name,
                      symbols.empty() ? std::string("none with a name") : fmt::format("{}", fmt::join(symbols, ", "))));
    }
    if (size < 0) return invalid(fmt::format("dimension \"{}\" bound to {}; expected a size", name, size));
  }
  return {};
}

Result<Graph> bound(const Graph& graph, const std::map<std::string, int64_t>& bindings) {
  RETURN_IF_ERROR(check_bindings(graph, bindings));
  std::map<std::string, int64_t> sizes = bindings;
  std::vector<std::string> assumed;
  for (const std::string& symbol : input_symbols(graph)) {
    if (sizes.emplace(symbol, 1).second) assumed.push_back(symbol);
  }
  Graph out = graph;
  RETURN_IF_ERROR(verify(out));
  for (size_t v = 0; v < out.value_count(); ++v) bind_dims(out.value({static_cast<int32_t>(v)}), sizes, false);
  for (ValueId id : out.inputs) bind_dims(out.value(id), sizes, true);
  for (const Node& node : graph.nodes()) {
    Status status = infer_node(out, node);
    if (!status.ok() && !assumed.empty()) {
      return status.at(fmt::format("with size 1 for {} (--bind gives another)", fmt::join(assumed, ", ")));
    }
    RETURN_IF_ERROR(status);
    fold(out, node);
  }
  bool inside = std::any_of(out.nodes().begin(), out.nodes().end(), [](const Node& n) { return !bodies(n).empty(); });
  if (inside) RETURN_IF_ERROR(infer_types(out));  // subgraphs too
  return out;
}

Result<Inspection> inspect(const Graph& graph, const std::map<std::string, int64_t>& bindings) {
  Graph shaped = TRY(bound(graph, bindings));
  Inspection result;
  result.name = graph.name;
  result.inputs = input_ports(graph);
  result.outputs = output_ports(graph);
  for (const std::string& symbol : input_symbols(graph)) {
    auto it = bindings.find(symbol);
    result.symbols[symbol] = it == bindings.end() ? 1 : it->second;
  }
  std::set<const void*> counted;
  count_operators(graph, false, counted, result);
  count_nodes(shaped, graph, result);
  find_peak(shaped, graph, result);
  return result;
}

Json to_json(const Inspection& i) {
  Json nodes = Json::array();
  for (const NodeCost& node : i.nodes) {
    nodes.push(Json::object({{"name", node.name},
                             {"operator", node.op_type},
                             {"output", node.output},
                             {"parameters", node.parameters},
                             {"weight_bytes", node.weight_bytes},
                             {"macs", known(node.macs)},
                             {"output_bytes", known(node.output_bytes)},
                             {"supported", node.supported}}));
  }
  return Json::object({{"name", i.name},
                       {"inputs", ports_json(i.inputs)},
                       {"outputs", ports_json(i.outputs)},
                       {"symbols", counts_json(i.symbols)},
                       {"parameters", i.parameters},
                       {"weight_bytes", i.weight_bytes},
                       {"macs", i.macs},
                       {"peak_activation_bytes", i.peak_activation_bytes},
                       {"peak_node", i.peak_node},
                       {"unknown_shapes", i.unknown_shapes},
                       {"operators", counts_json(i.operators)},
                       {"unsupported", counts_json(i.unsupported)},
                       {"nodes", nodes}});
}

}  // namespace slipway
