// A model as a file holds it: the front parted into what ONNX can say, which is joined to the model, and what it
// cannot.
#include <algorithm>
#include <map>

#include "formats/preparation.h"
#include "formats/preparation_json.h"
#include "ops/all.h"

namespace slipway {

namespace {

using Bound = std::map<std::string, ValueId>;

// Appends the nodes and constants of `from`. Its inputs are `bound` by name, or become inputs. Names that are taken
// change. Returns the new ids by the old ones' index.
std::vector<ValueId> append(const Graph& from, const Bound& bound, Graph& to) {
  std::vector<ValueId> moved(from.value_count());
  for (ValueId id : from.inputs) {
    const Value& value = from.value(id);
    auto found = bound.find(value.name);
    moved[static_cast<size_t>(id.index)] =
        found != bound.end() ? found->second : to.add_input(to.fresh_name(value.name), value.dtype, value.dims);
  }
  auto move = [&](ValueId id) {
    if (!id.valid()) return id;
    ValueId& at = moved[static_cast<size_t>(id.index)];
    if (at.valid()) return at;
    const Value& value = from.value(id);
    at = to.add_value(to.fresh_name(value.name), value.dtype, value.dims);
    to.value(at).data = value.data;
    to.value(at).trainable = value.trainable;
    to.value(at).element = value.element;
    return at;
  };
  for (const Node& node : from.nodes()) {
    Node copy = node;
    for (ValueId& id : copy.inputs) id = move(id);
    for (ValueId& id : copy.outputs) id = move(id);
    to.add_node(std::move(copy));
  }
  for (ValueId id : from.outputs) move(id);
  return moved;
}

ValueId moved_to(const std::vector<ValueId>& moved, ValueId id) { return moved[static_cast<size_t>(id.index)]; }

// The part of `graph` that makes `outputs` out of `inputs`; inputs that it does not use are left out.
Graph part_of(const Graph& graph, const Values& inputs, const Values& outputs) {
  Graph part = graph;
  part.metadata.clear();
  part.outputs = outputs;
  std::erase_if(part.nodes(), [&](const Node& node) {
    return std::ranges::any_of(node.outputs, [&](ValueId id) { return std::ranges::find(inputs, id) != inputs.end(); });
  });
  part.remove_dead_nodes();
  std::vector<int> uses = part.use_counts();
  part.inputs.clear();
  for (ValueId id : inputs) {
    if (uses[static_cast<size_t>(id.index)] > 0) part.inputs.push_back(id);
  }
  return compacted(part);
}

// By node: whether it or a node that reads what it makes is of the data's own domain.
std::vector<bool> outer_nodes(const Graph& front) {
  std::vector<bool> outer(front.nodes().size());
  std::vector<bool> needed(front.value_count());
  for (size_t n = outer.size(); n-- > 0;) {
    const Node& node = front.nodes()[n];
    outer[n] = node.domain == kDataDomain || std::ranges::any_of(node.outputs, [&](ValueId id) {
                 return id.valid() && needed[static_cast<size_t>(id.index)];
               });
    if (!outer[n]) continue;
    for (ValueId id : node.inputs) {
      if (id.valid()) needed[static_cast<size_t>(id.index)] = true;
    }
  }
  return outer;
}

// Values that outer nodes make and inner nodes or the front's outputs read.
Values boundary(const Graph& front, const std::vector<bool>& outer) {
  std::vector<NodeId> producers = front.producers();
  Values found;
  auto look = [&](ValueId id) {
    if (!id.valid()) return;
    NodeId producer = producers[static_cast<size_t>(id.index)];
    bool crosses = producer.valid() && outer[static_cast<size_t>(producer.index)];
    if (crosses && std::ranges::find(found, id) == found.end()) found.push_back(id);
  };
  for (size_t n = 0; n < outer.size(); ++n) {
    if (!outer[n]) std::ranges::for_each(front.nodes()[n].inputs, look);
  }
  std::ranges::for_each(front.outputs, look);
  return found;
}

// Names that nothing else in the joined graph may have: the model's outputs, and inputs that stay inputs.
std::vector<std::string> kept_names(const Graph& model, const std::vector<std::string>& tensors) {
  std::vector<std::string> names;
  for (ValueId id : model.outputs) names.push_back(model.value(id).name);
  for (ValueId id : model.inputs) {
    const std::string& name = model.value(id).name;
    if (std::ranges::find(tensors, name) == tensors.end()) names.push_back(name);
  }
  return names;
}

Json dims_json(const Dims& dims) {
  Json json = Json::array();
  for (const Dim& dim : dims) json.push(dim.known() ? Json(dim.size) : dim.symbol.empty() ? Json() : Json(dim.symbol));
  return json;
}

Dims dims_of(const Json& json) {
  Dims dims;
  for (const Json& item : json.items()) {
    dims.push_back(item.is_integer() ? Dim(item.as_int()) : Dim::named(item.as_string()));
  }
  return dims;
}

// What is written while a model is joined.
struct Joining {
  const Graph& model;
  const Preparation& preparation;
  Graph inner;                             // inputs: raw ones and those that the outer part makes
  std::vector<std::string> inner_tensors;  // the model's input that each of its outputs is
  Json renamed = Json::object();           // value in the file: name of a raw input
  Graph joined;
  Json begin = Json::object();
};

// A raw input may be called what an output of the model is called.
void free_names(Joining& j) {
  for (const std::string& name : kept_names(j.model, j.inner_tensors)) {
    ValueId taken = j.inner.find(name);
    if (!taken.valid()) continue;
    std::string other = j.inner.fresh_name(name + "_raw");
    if (std::ranges::find(j.inner.inputs, taken) != j.inner.inputs.end()) j.renamed.set(other, name);
    j.inner.rename(taken, other);
  }
}

void join_graphs(Joining& j) {
  std::vector<ValueId> inner = append(j.inner, {}, j.joined);
  Bound bound;
  for (size_t o = 0; o < j.inner_tensors.size(); ++o) {
    bound[j.inner_tensors[o]] = moved_to(inner, j.inner.outputs[o]);
  }
  std::vector<ValueId> core = append(j.model, bound, j.joined);
  Json inputs = Json::array();
  for (ValueId id : j.model.inputs) {
    const Value& value = j.model.value(id);
    Json input = Json::object({{"name", value.name},
                               {"value", j.joined.value(moved_to(core, id)).name},
                               {"type", std::string(dtype_name(value.dtype))}});
    if (value.dims) input.set("dims", dims_json(*value.dims));
    inputs.push(std::move(input));
  }
  for (ValueId id : j.model.outputs) j.joined.outputs.push_back(moved_to(core, id));
  Json raw = Json::array();
  for (ValueId id : j.preparation.front.inputs) raw.push(j.preparation.front.value(id).name);
  j.begin.set("inputs", std::move(inputs)).set("raw", std::move(raw)).set("renamed", j.renamed);
}

}  // namespace

Result<Graph> preparation_joined(const Graph& model) {
  std::optional<Preparation> preparation = TRY(preparation_of(model));
  if (!preparation || preparation->front.outputs.empty() || preparation->kind == kArraysKind) return model;
  const Graph& front = preparation->front;
  std::vector<bool> outer = outer_nodes(front);
  Values between = boundary(front, outer);
  Joining j{.model = model, .preparation = *preparation};

  Values inner_inputs = front.inputs, inner_outputs;
  inner_inputs.insert(inner_inputs.end(), between.begin(), between.end());
  std::vector<NodeId> producers = front.producers();
  for (size_t o = 0; o < front.outputs.size(); ++o) {
    NodeId producer = producers[static_cast<size_t>(front.outputs[o].index)];
    if (!producer.valid() || outer[static_cast<size_t>(producer.index)]) continue;
    inner_outputs.push_back(front.outputs[o]);
    j.inner_tensors.push_back(preparation->tensors[o]);
  }
  if (inner_outputs.empty()) return model;
  j.inner = part_of(front, inner_inputs, inner_outputs);
  free_names(j);
  join_graphs(j);

  Preparation rest = *preparation;
  rest.front = between.empty() ? Graph() : part_of(front, front.inputs, between);
  rest.tensors.clear();
  for (ValueId id : between) {
    auto output = std::ranges::find(front.outputs, id);
    bool whole = output != front.outputs.end();
    rest.tensors.push_back(whole ? preparation->tensors[static_cast<size_t>(output - front.outputs.begin())]
                                 : front.value(id).name);
  }
  j.joined.name = model.name;
  j.joined.doc = model.doc;
  j.joined.opsets = model.opsets;
  j.joined.metadata = model.metadata;
  Json json = TRY(preparation_to_json(rest));
  j.joined.metadata[kPreparationKey] = json.set("begin", j.begin).dump();
  return j.joined;
}

namespace {

struct Begin {
  ValueId value;
  std::string name;
  DType dtype;
  std::optional<Dims> dims;
};

// Where the model begins in a file; nullopt when the file was changed so that it is not there.
std::optional<std::vector<Begin>> begins_of(const Graph& file, const Json& begin) {
  std::vector<Begin> begins;
  for (const Json& input : begin["inputs"].items()) {
    ValueId value = file.find(input["value"].as_string());
    std::optional<DType> dtype = dtype_from_name(input["type"].as_string());
    bool twice = std::ranges::any_of(begins, [&](const Begin& each) { return each.value == value; });
    if (!value.valid() || file.is_constant(value) || !dtype || twice) return std::nullopt;
    begins.push_back({value, input["name"].as_string(), *dtype, std::nullopt});
    if (!input["dims"].is_null()) begins.back().dims = dims_of(input["dims"]);
  }
  if (begins.empty()) return std::nullopt;
  return begins;
}

Graph model_behind(const Graph& file, const std::vector<Begin>& begins) {
  Graph marked = file;
  Values inputs;
  for (const Begin& begin : begins) inputs.push_back(begin.value);
  std::erase_if(marked.nodes(), [&](const Node& node) {
    return std::ranges::any_of(node.outputs, [&](ValueId id) { return std::ranges::find(inputs, id) != inputs.end(); });
  });
  marked.inputs = inputs;
  marked.remove_dead_nodes();
  Graph model = compacted(marked);
  for (size_t i = 0; i < begins.size(); ++i) {
    Value& value = model.value(model.inputs[i]);
    if (value.name != begins[i].name) model.rename(model.inputs[i], model.fresh_name(begins[i].name));
    value.dtype = begins[i].dtype;
    value.dims = begins[i].dims;
  }
  return model;
}

// The front of the model in memory: what the file has in its metadata, then what stands in front of the model.
Preparation whole_preparation(const Graph& file, Preparation rest, const std::vector<Begin>& begins,
                              const Json& begin) {
  Values made;
  Preparation whole = rest;
  whole.tensors.clear();
  for (const Begin& each : begins) {
    if (std::ranges::find(file.inputs, each.value) == file.inputs.end()) made.push_back(each.value);
  }
  Graph inner = part_of(file, file.inputs, made);
  for (const auto& [value, name] : begin["renamed"].members()) {
    ValueId id = inner.find(value);
    if (id.valid() && !inner.find(name.as_string()).valid()) inner.rename(id, name.as_string());
  }
  Graph front;
  Bound bound;
  for (const Json& raw : begin["raw"].items()) {
    for (const Graph* part : {&rest.front, &inner}) {
      ValueId id = part->find(raw.as_string());
      bool input = id.valid() && std::ranges::find(part->inputs, id) != part->inputs.end();
      if (!input || bound.contains(raw.as_string())) continue;
      bound[raw.as_string()] = front.add_input(raw.as_string(), part->value(id).dtype, part->value(id).dims);
    }
  }
  std::vector<ValueId> outer = append(rest.front, bound, front);
  for (size_t o = 0; o < rest.tensors.size(); ++o) {
    ValueId id = moved_to(outer, rest.front.outputs[o]);
    bound[rest.tensors[o]] = id;
    for (const Begin& each : begins) {
      if (each.name != rest.tensors[o]) continue;
      front.outputs.push_back(id);
      whole.tensors.push_back(each.name);
    }
  }
  std::vector<ValueId> moved = append(inner, bound, front);
  for (const Begin& each : begins) {
    auto at = std::ranges::find(made, each.value);
    if (at == made.end()) continue;
    front.outputs.push_back(moved_to(moved, inner.outputs[static_cast<size_t>(at - made.begin())]));
    whole.tensors.push_back(each.name);
  }
  whole.front = std::move(front);
  return whole;
}

}  // namespace

Result<Graph> preparation_apart(Graph file) {
  auto found = file.metadata.find(kPreparationKey);
  if (found == file.metadata.end()) return file;
  Json json = TRY(preparation_json(found->second));
  const Json begin = json["begin"];
  if (begin.is_null()) return file;
  Preparation rest = *TRY(preparation_of(file));
  std::optional<std::vector<Begin>> begins = begins_of(file, begin);
  if (!begins) {
    file.metadata[kPreparationKey] = TRY(preparation_to_json(rest)).dump();
    return file;
  }
  Graph model = model_behind(file, *begins);
  Preparation whole = whole_preparation(file, std::move(rest), *begins, begin);
  model.metadata[kPreparationKey] = TRY(preparation_to_json(whole)).dump();
  return model;
}

}  // namespace slipway
