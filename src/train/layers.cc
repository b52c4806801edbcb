// Layers as graph nodes: arguments, names, wiring. What each layer is, its card says (train/layers/).
#include "train/layers.h"

#include <algorithm>
#include <map>
#include <new>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/card_list.h"
#include "base/nearest.h"
#include "graph/replace_value.h"
#include "ops/all.h"
#include "train/layer_sizes.h"
#include "train/layers/cards.inc"
#include "train/layers/context.h"
#include "train/training_graph.h"

namespace slipway::train {

DECLARE_CARDS(LayerCard, layer_)

const Cards<LayerCard>& all_layers() {
  static const Cards<LayerCard> cards("layer type", CARD_LIST(LayerCard, layer_));
  return cards;
}

CardText text_of(const LayerCard& card) {
  std::vector<OptionText> options;
  for (const Parameter& parameter : card.arguments()) {
    options.push_back({parameter.name, expected_of(parameter.argument), parameter.required ? "required" : ""});
  }
  return {card.name, card.doc, std::move(options)};
}

namespace {

template <typename T>
bool is(const LayerParameter& value) {
  return std::holds_alternative<T>(value);
}

bool is_size(int64_t n) { return n >= 1 && n <= kLargestSize; }

// As a recipe spells it.
std::string spelled(const LayerParameter& value) {
  struct Spelling {
    std::string operator()(bool x) const { return x ? "true" : "false"; }
    std::string operator()(int64_t x) const { return fmt::format("{}", x); }
    std::string operator()(double x) const { return fmt::format("{}", x); }
    std::string operator()(const std::string& x) const { return fmt::format("\"{}\"", x); }
    std::string operator()(const std::vector<int64_t>& x) const { return fmt::format("[{}]", fmt::join(x, ", ")); }
  };
  return std::visit(Spelling(), value);
}

bool fits(Argument argument, const LayerParameter& value) {
  const int64_t* whole = std::get_if<int64_t>(&value);
  const double* real = std::get_if<double>(&value);
  const auto* list = std::get_if<std::vector<int64_t>>(&value);
  double number = whole != nullptr ? static_cast<double>(*whole) : real != nullptr ? *real : -1;
  switch (argument) {
    case Argument::positive: return whole != nullptr && is_size(*whole);
    case Argument::integer: return whole != nullptr;
    case Argument::real: return whole != nullptr || real != nullptr;
    case Argument::fraction: return number >= 0 && number < 1;
    case Argument::flag: return is<bool>(value);
    case Argument::text: return is<std::string>(value);
    case Argument::list: return whole != nullptr || list != nullptr;
    case Argument::sizes:
      return (whole != nullptr && is_size(*whole)) || (list != nullptr && std::ranges::all_of(*list, is_size));
  }
  __builtin_unreachable();
}

// Whether the layer is no node but an input of the model.
bool names_input(const Layer& layer) {
  const LayerCard* card = all_layers().find(layer.type);
  return card != nullptr && card->build == nullptr;
}

// units = "classes" and the like, which become numbers when the data is known (train/layer_sizes.h).
bool is_word_for(std::string_view parameter, const LayerParameter& value) {
  const std::string* word = std::get_if<std::string>(&value);
  return word != nullptr && is_size_word(*word) && (parameter == "units" || parameter == "input_dim");
}

Status check_arguments(const Layer& layer, const LayerCard& card) {
  std::vector<std::string> names;
  for (const Parameter& parameter : card.arguments()) names.emplace_back(parameter.name);
  for (const auto& [name, value] : layer.parameters) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return invalid(
        fmt::format("unknown parameter \"{}\"{}", name, did_you_mean(name, names, fmt::format("{} takes", card.name))));
  }
  for (const Parameter& parameter : card.arguments()) {
    auto given = layer.parameters.find(parameter.name);
    bool there = given != layer.parameters.end();
    if (!there && !parameter.required) continue;
    if (there && is_word_for(parameter.name, given->second)) continue;
    if (there && fits(parameter.argument, given->second)) continue;
    return invalid(fmt::format("\"{}\": expected {}, found {}", parameter.name, expected_of(parameter.argument),
                               there ? spelled(given->second) : "none; add it"));
  }
  return {};
}

Status check_sizes(const Layer& layer) {
  for (const auto& [name, value] : layer.parameters) {
    if (!is_word_for(name, value)) continue;
    return invalid(
        fmt::format("\"{}\": {} is known only where a recipe has data; give a number", name, spelled(value)));
  }
  return {};
}

// A window larger than what it moves over leaves nothing.
Status check_output(const Builder& b, const Values& inputs, ValueId output) {
  const Dims& y = b.dims(output);
  if (!std::ranges::any_of(y, [](const Dim& dim) { return dim.known() && dim.size == 0; })) return {};
  return invalid(
      fmt::format("does not fit its input {}: the output would be {}; give it a smaller kernel_size or pool_size, or "
                  "padding = \"same\"",
                  to_string(b.dims(inputs[0])), to_string(y)));
}

// Puts layers behind a value of a graph.
class Stack {
 public:
  // The first layer follows `starts` where it is one value.
  Stack(Graph& graph, const Values& starts, uint64_t seed)
      : b_(graph, all_operators()), seed_(seed), starts_(starts), last_(starts.size() == 1 ? starts[0] : ValueId()) {
    for (ValueId start : starts) values_[graph.value(start).name] = start;
  }

  Status add(std::span<const Layer> layers) {
    if (layers.empty()) return invalid("the model has no layers; add at least one, such as Dense");
    for (size_t i = 0; i < layers.size(); ++i) {
      Status added = add_one(layers[i], i);
      RETURN_IF_ERROR(added.at(fmt::format("layer {} ({})", i + 1, layers[i].type)));
    }
    return last_.valid() ? Status() : invalid("the model has inputs but no layer that reads them; add one");
  }
  ValueId last() const { return last_; }

 private:
  // What an Input layer names must be there, in the shape it states; the layer behind it may follow it.
  Status take_input(const Layer& layer) {
    std::vector<std::string> names;
    ValueId found;
    for (ValueId start : starts_) {
      names.push_back(b_.graph().value(start).name);
      if (layer.name == names.back() || (layer.name.empty() && starts_.size() == 1)) found = start;
    }
    if (!found.valid()) {
      return invalid(fmt::format("the data has no input \"{}\"{}; data.inputs says which columns or arrays make each",
                                 layer.name, did_you_mean(layer.name, names, "it has")));
    }
    last_ = found;
    if (!layer.parameters.contains("shape")) return {};
    const LayerParameter& stated = layer.parameters.at("shape");
    const int64_t* one = std::get_if<int64_t>(&stated);
    const Dims& whole = b_.dims(found);
    const std::string wanted =
        to_string(one != nullptr ? Dims{Dim(*one)} : to_dims(std::get<std::vector<int64_t>>(stated)));
    const std::string there = to_string(Dims(whole.begin() + 1, whole.end()));
    if (wanted == there) return {};
    return invalid(fmt::format("its shape is {}, that of the data's examples {}; leave \"shape\" out, the data says it",
                               wanted, there));
  }

  Status add_one(const Layer& layer, size_t index) {
    const LayerCard* card = TRY(all_layers().get(layer.type));
    RETURN_IF_ERROR(check_arguments(layer, *card));
    if (card->build == nullptr) return take_input(layer);
    RETURN_IF_ERROR(check_sizes(layer));
    std::string name = layer.name.empty() ? automatic_name(*card) : layer.name;
    if (values_.contains(name)) return invalid(fmt::format("the name \"{}\" is taken", name));
    Values inputs = TRY(inputs_of(layer, *card));
    Random random(seed_, index + 1);
    LayerContext context(b_, layer, name, random);
    last_ = TRY(built(*card, context, inputs));
    RETURN_IF_ERROR(b_.status());
    RETURN_IF_ERROR(check_output(b_, inputs, last_));
    values_[name] = last_;
    return {};
  }

  Result<ValueId> built(const LayerCard& card, LayerContext& context, const Values& inputs) {
    try {
      return card.build(context, inputs);
    } catch (const std::bad_alloc&) {
      return exhausted(fmt::format("no memory for the weights of an input {}; give it less units or filters",
                                   to_string(b_.dims(inputs[0]))));
    }
  }

  std::string automatic_name(const LayerCard& card) {
    auto taken = [&](const std::string& name) {
      return values_.contains(name) || b_.graph().find(name + "/kernel").valid();
    };
    for (;;) {
      int number = used_[card.base_name]++;
      std::string name = number == 0 ? card.base_name : fmt::format("{}_{}", card.base_name, number);
      if (!taken(name)) return name;
    }
  }

  Result<Values> inputs_of(const Layer& layer, const LayerCard& card) {
    Values inputs;
    for (const std::string& name : layer.inputs) {
      auto found = values_.find(name);
      if (found == values_.end()) {
        std::vector<std::string> names;
        for (const auto& [known, value] : values_) names.push_back(known);
        return invalid(
            fmt::format("there is no layer \"{}\" before it{}", name, did_you_mean(name, names, "there are")));
      }
      inputs.push_back(found->second);
    }
    if (inputs.empty() && !last_.valid()) {
      std::vector<std::string> names;
      for (const auto& [known, value] : values_) names.push_back(known);
      return invalid(fmt::format("the model has several inputs: say which it reads, inputs = [\"{}\"]; there are {}",
                                 names[0], fmt::join(names, ", ")));
    }
    if (inputs.empty()) inputs = {last_};
    if (static_cast<int>(inputs.size()) <= card.most_inputs) return inputs;
    return invalid(fmt::format("takes {} input(s); found {}", card.most_inputs, inputs.size()));
  }

  Builder b_;
  uint64_t seed_;
  Values starts_;
  ValueId last_;
  std::map<std::string, ValueId> values_;  // by the name of the layer that makes them
  std::map<std::string, int> used_;
};

// `last` becomes the graph's only output, under its own name whatever the last layer was.
Graph with_output(Graph graph, ValueId last) {
  graph.outputs = {last};
  if (graph.producers()[static_cast<size_t>(last.index)].valid()) {
    ValueId output = graph.add_value(graph.fresh_name("output"), graph.value(last).dtype, graph.value(last).dims);
    replace_value(graph, last, output);
  }
  graph.remove_dead_nodes();
  return compacted(graph);
}

// What the last node with weights reads.
Result<ValueId> before_head(const Graph& model) {
  std::vector<std::string> weights = trained_weights(model, {});
  for (size_t n = model.nodes().size(); n-- > 0;) {
    const Node& node = model.nodes()[n];
    bool weighted = node.op != nullptr && node.op->quant.kind == Quant::weighted &&
                    std::ranges::any_of(node.inputs, [&](ValueId id) {
                      return id.valid() && std::ranges::find(weights, model.value(id).name) != weights.end();
                    });
    if (weighted) return node.inputs[0];
  }
  return not_found("the model has no layer with weights whose place new layers could take; say where they begin");
}

Result<ValueId> value_at(const Graph& model, const std::string& at) {
  if (at.empty()) return before_head(model);
  if (ValueId id = model.find(at); id.valid()) return id;
  std::vector<std::string> names;
  for (const Node& node : model.nodes()) {
    if (node.name == at) return node.outputs[0];
    for (ValueId out : node.outputs) {
      if (out.valid()) names.push_back(model.value(out).name);
    }
  }
  return not_found(
      fmt::format("the model has no value or node \"{}\"{}; the last ones are {}", at, did_you_mean(at, names),
                  fmt::join(names.end() - static_cast<int64_t>(std::min<size_t>(names.size(), 8)), names.end(), ", ")));
}

Result<Graph> build_from(const std::vector<InputPart>& inputs, std::span<const Layer> layers, uint64_t seed) {
  Graph graph;
  graph.name = "sequential";
  Values starts;
  for (const InputPart& input : inputs) {
    Dims dims = to_dims(input.shape);
    dims.insert(dims.begin(), Dim::named("batch"));
    starts.push_back(graph.add_input(input.name, DType::f32, dims));
  }
  Stack stack(graph, starts, seed);
  RETURN_IF_ERROR(stack.add(layers));
  return with_output(std::move(graph), stack.last());
}

}  // namespace

Result<Graph> build_model(std::span<const Layer> layers, const Shape& example_shape, uint64_t seed) {
  bool named = !layers.empty() && names_input(layers[0]) && !layers[0].name.empty();
  return build_from({{named ? layers[0].name : "input", example_shape}}, layers, seed);
}

Result<Graph> build_model(std::span<const Layer> layers, const Dataset& data, uint64_t seed) {
  if (data.parts.empty()) return build_model(layers, data.example_shape(), seed);
  return build_from(data.parts, layers, seed);
}

Result<Graph> replace_head(const Graph& model, const std::string& at, std::span<const Layer> layers, uint64_t seed) {
  Graph graph = model;
  RETURN_IF_ERROR(infer_types(graph));
  for (const std::string& name : trained_weights(graph, {})) graph.value(graph.find(name)).trainable = true;
  ValueId start = TRY(value_at(graph, at));
  // The old answer's name is free for the new one.
  for (ValueId id : graph.outputs) {
    if (graph.value(id).name == "output" && id != start) graph.rename(id, graph.fresh_name("replaced_output"));
  }
  Stack stack(graph, {start}, seed);
  RETURN_IF_ERROR(stack.add(layers));
  return with_output(std::move(graph), stack.last());
}

Status check(const Layer& layer) { return check_arguments(layer, *TRY(all_layers().get(layer.type))); }

std::string layer_base_name(const Layer& layer) {
  const LayerCard* card = all_layers().find(layer.type);
  return card == nullptr ? layer.type : card->base_name;
}

}  // namespace slipway::train
