// The graph of one training step.
#include "train/training_graph.h"

#include <fnmatch.h>

#include <algorithm>

#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "train/autodiff.h"

namespace slipway::train {

namespace {

bool frozen(const std::string& name, const std::vector<std::string>& freeze) {
  return std::any_of(freeze.begin(), freeze.end(),
                     [&](const std::string& glob) { return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

// Whether input i of `node` is a weight that gradient descent moves.
bool is_weight_input(const Node& node, size_t i) {
  if (node.op == nullptr) return false;
  if (node.op_type == "BatchNormalization") return i == 1 || i == 2;
  if (node.op_type == "LayerNormalization") return i >= 1;
  if (node.op->quant.kind == Quant::weighted) return i >= 1;
  return node.op_type == "PRelu" && i == 1;
}

Values weights_of(const Graph& model, const std::vector<std::string>& freeze) {
  Values marked, found;
  for (size_t v = 0; v < model.value_count(); ++v) {
    ValueId id{static_cast<int32_t>(v)};
    if (model.value(id).trainable && model.is_constant(id)) marked.push_back(id);
  }
  for (const Node& node : model.nodes()) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      ValueId id = node.inputs[i];
      bool weight = model.is_constant(id) && is_float(model.value(id).dtype) && is_weight_input(node, i);
      if (weight && std::find(found.begin(), found.end(), id) == found.end()) found.push_back(id);
    }
  }
  Values weights = marked.empty() ? found : marked;
  std::erase_if(weights, [&](ValueId id) { return frozen(model.value(id).name, freeze); });
  return weights;
}

// Dropout becomes a product with a mask drawn from (seed, node, step).
void train_dropout(Builder& b, Node& node, int32_t index, ValueId step, uint64_t seed) {
  float ratio = 0.5f;
  if (node.has_input(1) && b.graph().is_constant(node.inputs[1])) {
    ratio = static_cast<float>(b.graph().value(node.inputs[1]).data.to_doubles()[0]);
  }
  int64_t stream = static_cast<int64_t>((seed * 0x9E3779B97F4A7C15u + static_cast<uint64_t>(index)) >> 1);
  ValueId mask = b.op("DropoutMask", {node.inputs[0], step}, {{"seed", stream}, {"ratio", ratio}}, "slipway");
  Node product;
  product.op_type = "Mul";
  product.op = b.operators().find("Mul");
  product.name = node.name;
  product.inputs = {node.inputs[0], mask};
  product.outputs = {node.outputs[0]};
  node = std::move(product);
}

// BatchNormalization uses the batch's statistics and moves the running ones.
void train_batch_normalization(Graph& graph, Node& node) {
  node.attributes.set("training_mode", int64_t{1});
  node.outputs.resize(3);
  for (size_t i : {size_t{1}, size_t{2}}) {
    ValueId running = node.inputs[i + 2];
    node.outputs[i] = graph.add_value(graph.fresh_name(graph.value(running).name + "_next"), graph.value(running).dtype,
                                      graph.value(running).dims);
    graph.updates.push_back({running, node.outputs[i]});
  }
}

// Replaces what behaves differently while training. New nodes are put before the node that needs them.
Status to_training_form(Graph& graph, ValueId step, uint64_t seed) {
  std::vector<Node> nodes = std::move(graph.nodes());
  graph.nodes().clear();
  Builder b(graph, all_operators(), "train/");
  for (size_t n = 0; n < nodes.size(); ++n) {
    Node node = std::move(nodes[n]);
    if (node.op_type == "Dropout" && node.domain.empty()) train_dropout(b, node, static_cast<int32_t>(n), step, seed);
    if (node.op_type == "BatchNormalization") train_batch_normalization(graph, node);
    graph.add_node(std::move(node));
  }
  return b.status();
}

// A constant that training keeps beside `weight`: zeros of its type.
ValueId slot(Graph& graph, ValueId weight, const char* name) {
  const Value& value = graph.value(weight);
  return graph.add_constant(graph.fresh_name(fmt::format("{}/{}", value.name, name)),
                            Tensor(value.data.dtype(), value.data.shape()));
}

void add_updates(Graph& graph, const Values& states, const Values& nexts, size_t first) {
  for (size_t i = 0; i < states.size(); ++i) graph.updates.push_back({states[i], nexts[first + i]});
}

void add_adam(Builder& b, const OptimizerSpec& o, ValueId rate, ValueId step, const Values& weights,
              const Values& gradients) {
  Values m, v;
  for (ValueId w : weights) m.push_back(slot(b.graph(), w, "m"));
  for (ValueId w : weights) v.push_back(slot(b.graph(), w, "v"));
  Values inputs = {rate, step};
  for (const Values* part : {&weights, &gradients, static_cast<const Values*>(&m), static_cast<const Values*>(&v)}) {
    inputs.insert(inputs.end(), part->begin(), part->end());
  }
  Attributes attributes = {{"beta_1", static_cast<float>(o.beta_1)},
                           {"beta_2", static_cast<float>(o.beta_2)},
                           {"epsilon", static_cast<float>(o.epsilon)},
                           {"weight_decay", static_cast<float>(o.type == "adamw" ? o.weight_decay : 0)}};
  Values next = b.ops("Adam", inputs, static_cast<int>(3 * weights.size()), attributes, "slipway");
  add_updates(b.graph(), weights, next, 0);
  add_updates(b.graph(), m, next, weights.size());
  add_updates(b.graph(), v, next, 2 * weights.size());
}

void add_sgd(Builder& b, const OptimizerSpec& o, ValueId rate, const Values& weights, const Values& gradients) {
  Values velocity;
  if (o.momentum != 0) {
    for (ValueId w : weights) velocity.push_back(slot(b.graph(), w, "velocity"));
  }
  Values inputs = {rate};
  for (const Values* part : {&weights, &gradients, static_cast<const Values*>(&velocity)}) {
    inputs.insert(inputs.end(), part->begin(), part->end());
  }
  Attributes attributes = {{"momentum", static_cast<float>(o.momentum)},
                           {"nesterov", int64_t{o.nesterov}},
                           {"weight_decay", static_cast<float>(o.weight_decay)}};
  Values next = b.ops("SGD", inputs, static_cast<int>(weights.size() + velocity.size()), attributes, "slipway");
  add_updates(b.graph(), weights, next, 0);
  add_updates(b.graph(), velocity, next, weights.size());
}

Result<Values> masked(Builder& b, const TrainingSpec& spec, const Values& weights, Values gradients) {
  for (size_t i = 0; i < weights.size(); ++i) {
    auto it = spec.masks.find(b.graph().value(weights[i]).name);
    if (it == spec.masks.end()) continue;
    if (it->second.type() != b.graph().value(weights[i]).data.type()) {
      return invalid(fmt::format("mask of \"{}\": expected {}, found {}", it->first,
                                 to_string(b.graph().value(weights[i]).data.type()), to_string(it->second.type())));
    }
    gradients[i] = b.mul(gradients[i], b.constant(it->second, "mask"));
  }
  return gradients;
}

}  // namespace

Status check(const OptimizerSpec& o) {
  if (o.type != "sgd" && o.type != "adam" && o.type != "adamw") {
    return invalid(fmt::format("optimizer \"{}\" is not known; expected sgd, adam or adamw", o.type));
  }
  auto inside = [](const char* name, double x, double low, double high) -> Status {
    if (x >= low && x < high) return {};
    return invalid(fmt::format("optimizer: {} is {}; expected it in [{}, {})", name, x, low, high));
  };
  RETURN_IF_ERROR(inside("learning_rate", o.learning_rate, 0, 1e6));
  RETURN_IF_ERROR(inside("momentum", o.momentum, 0, 1));
  RETURN_IF_ERROR(inside("beta_1", o.beta_1, 0, 1));
  RETURN_IF_ERROR(inside("beta_2", o.beta_2, 0, 1));
  RETURN_IF_ERROR(inside("epsilon", o.epsilon, 0, 1));
  if (o.nesterov && o.momentum == 0) return invalid("optimizer: nesterov needs a momentum above 0");
  return inside("weight_decay", o.weight_decay, 0, 1e6);
}

std::vector<std::string> trained_weights(const Graph& model, const std::vector<std::string>& freeze) {
  std::vector<std::string> names;
  for (ValueId id : weights_of(model, freeze)) names.push_back(model.value(id).name);
  return names;
}

Result<Graph> make_training_graph(const Graph& model, const TrainingSpec& spec) {
  RETURN_IF_ERROR(check(spec.optimizer));
  if (model.outputs.size() != 1) {
    return invalid(fmt::format("training needs a model with one output; found {}", model.outputs.size()));
  }
  Graph graph = model;
  RETURN_IF_ERROR(infer_types(graph));
  ValueId rate = graph.add_value("learning_rate", DType::f32, Dims());
  ValueId step = graph.add_value("step", DType::i64, Dims());
  RETURN_IF_ERROR(to_training_form(graph, step, spec.seed));
  RETURN_IF_ERROR(infer_types(graph));

  Builder b(graph, all_operators(), "train/");
  LossValues loss = TRY(add_loss(b, graph.outputs[0], spec.loss));
  graph.inputs.push_back(rate);
  graph.inputs.push_back(step);
  graph.outputs = {loss.loss};
  if (loss.correct.valid()) graph.outputs.push_back(loss.correct);

  Values weights = weights_of(model, spec.freeze);
  auto found = TRY(add_gradients(b, loss.loss, b.scalar(1), weights));
  std::erase_if(weights, [&](ValueId w) { return !found.contains(w); });
  if (weights.empty()) return invalid("the model has no weight that training could change (all frozen?)");
  Values gradients;
  for (ValueId w : weights) gradients.push_back(found.at(w));
  gradients = TRY(masked(b, spec, weights, std::move(gradients)));
  if (spec.optimizer.type == "sgd") {
    add_sgd(b, spec.optimizer, rate, weights, gradients);
  } else {
    add_adam(b, spec.optimizer, rate, step, weights, gradients);
  }
  RETURN_IF_ERROR(b.status().at("building the training graph"));
  return graph;
}

Result<Graph> make_evaluation_graph(const Graph& model, Loss loss) {
  Graph graph = model;
  RETURN_IF_ERROR(infer_types(graph));
  Builder b(graph, all_operators(), "evaluate/");
  Values outputs = graph.outputs;
  LossValues values = TRY(add_loss(b, outputs[0], loss));
  graph.outputs = {values.loss};
  if (values.correct.valid()) graph.outputs.push_back(values.correct);
  graph.outputs.insert(graph.outputs.end(), outputs.begin(), outputs.end());
  for (size_t v = 0; v < model.value_count(); ++v) {
    ValueId id{static_cast<int32_t>(v)};
    if (model.is_constant(id) && is_float(model.value(id).dtype)) graph.updates.push_back({id, id});
  }
  return graph;
}

}  // namespace slipway::train
