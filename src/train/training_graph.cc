// The graph of one training step.
#include "train/training_graph.h"

#include <fnmatch.h>

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "graph/builder.h"
#include "kernels/primitive.h"
#include "ops/all.h"
#include "rewrite/autodiff.h"
#include "train/weights.h"

namespace slipway::train {

namespace {

bool matches(const std::string& name, const std::vector<std::string>& globs) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

bool frozen(const std::string& name, const TrainingSpec& spec) {
  return matches(name, spec.freeze) && std::ranges::find(spec.spared, name) == spec.spared.end();
}

// A glob that freezes nothing is a mistyped one.
Status check_freeze(const Graph& model, const TrainingSpec& spec) {
  const std::vector<std::string>& freeze = spec.freeze;
  std::vector<std::string> names = trained_weights(model, {});
  std::erase_if(names,
                [&](const std::string& name) { return std::ranges::find(spec.spared, name) != spec.spared.end(); });
  for (const std::string& glob : freeze) {
    if (std::ranges::any_of(names, [&](const std::string& name) { return matches(name, {glob}); })) continue;
    const size_t shown = std::min<size_t>(names.size(), 20);
    return invalid(fmt::format("freeze: no weight of the model is called \"{}\"; they are {}{}", glob,
                               fmt::join(names.begin(), names.begin() + static_cast<int64_t>(shown), ", "),
                               shown < names.size() ? fmt::format(" and {} more", names.size() - shown) : ""));
  }
  return {};
}

// The weights that training moves.
Values moved_weights(const Graph& model, const TrainingSpec& spec) {
  Values weights = weights_of(model);
  std::erase_if(weights, [&](ValueId id) { return frozen(model.value(id).name, spec); });
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

// BatchNormalization uses the batch's statistics and moves the running ones; a frozen one stays as in production.
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

// Recurrent layers keep their gates and states for the backward pass.
void train_recurrent(Graph& graph, Node& node) {
  node.outputs.resize(5);
  for (const char* name : {"gates", "states"}) {
    ValueId& output = node.outputs[name[0] == 'g' ? 3 : 4];
    output = graph.add_value(graph.fresh_name(fmt::format("{}/{}", node.name, name)), graph.value(node.inputs[0]).dtype,
                             std::nullopt);
  }
}

// Replaces what behaves differently while training. New nodes are put before the node that needs them.
Status to_training_form(Graph& graph, ValueId step, const TrainingSpec& spec) {
  std::vector<Node> nodes = std::move(graph.nodes());
  graph.nodes().clear();
  Builder b(graph, all_operators(), "train/");
  for (size_t n = 0; n < nodes.size(); ++n) {
    Node node = std::move(nodes[n]);
    if (node.op_type == "Dropout" && node.domain.empty())
      train_dropout(b, node, static_cast<int32_t>(n), step, spec.seed);
    bool moves = node.op_type == "BatchNormalization" && !frozen(graph.value(node.inputs[1]).name, spec);
    if (moves) train_batch_normalization(graph, node);
    if (node.op_type == "LSTM" || node.op_type == "GRU" || node.op_type == "RNN") train_recurrent(graph, node);
    graph.add_node(std::move(node));
  }
  return b.status();
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

// Values to become inputs: what the updates read, with the optimizer's time apart where several batches make one
// update.
UpdateInputs add_update_inputs(Graph& graph, const Optimizer& optimizer, ValueId step) {
  UpdateInputs inputs;
  inputs.rate = graph.add_value("learning_rate", DType::f32, Dims());
  inputs.step = step;
  if (optimizer.gradient_accumulation_steps > 1) {
    inputs.step = graph.add_value("update", DType::i64, Dims());
    inputs.batches = graph.add_value("batches", DType::f32, Dims());
    inputs.apply = graph.add_value("apply", DType::boolean, Dims());
  }
  return inputs;
}

// Marks what can compute in `precision`.
void set_precision(Graph& graph, Precision precision) {
  if (precision == Precision::f32) return;
  for (Node& node : graph.nodes()) {
    if (node.op != nullptr && find_attribute(*node.op, "compute") != nullptr) {
      node.attributes.set("compute", std::string("bf16"));
    }
  }
}

}  // namespace

std::vector<std::string> trained_weights(const Graph& model, const std::vector<std::string>& freeze) {
  std::vector<std::string> names;
  TrainingSpec spec;
  spec.freeze = freeze;
  for (ValueId id : moved_weights(model, spec)) names.push_back(model.value(id).name);
  return names;
}

Result<Graph> make_training_graph(const Graph& model, const TrainingSpec& spec) {
  RETURN_IF_ERROR(check(spec.optimizer));
  RETURN_IF_ERROR(check_freeze(model, spec));
  if (spec.precision == Precision::bf16 && !multiplies_bf16()) {
    return failed_precondition(
        "precision \"bf16\" needs a processor that multiplies bfloat16 (AVX512_BF16 or AMX); train with \"fp32\"");
  }
  if (model.outputs.size() != 1) {
    return invalid(fmt::format("training needs a model with one output; found {}", model.outputs.size()));
  }
  Graph graph = model;
  RETURN_IF_ERROR(infer_types(graph));
  ValueId step = graph.add_value("step", DType::i64, Dims());
  UpdateInputs update = add_update_inputs(graph, spec.optimizer, step);
  RETURN_IF_ERROR(to_training_form(graph, step, spec));
  RETURN_IF_ERROR(infer_types(graph));

  Builder b(graph, all_operators(), "train/");
  LossValues loss = TRY(add_loss(b, graph.outputs[0], spec.loss, spec.sample_weights));
  graph.inputs.insert(graph.inputs.end(), {update.rate, step});
  if (update.apply.valid()) graph.inputs.insert(graph.inputs.end(), {update.step, update.batches, update.apply});
  graph.outputs = {loss.loss};
  if (loss.correct.valid()) graph.outputs.push_back(loss.correct);

  Values weights = moved_weights(model, spec);
  auto found = TRY(rewrite::add_gradients(b, loss.loss, b.scalar(1), weights));
  std::erase_if(weights, [&](ValueId w) { return !found.contains(w); });
  if (weights.empty()) return invalid("the model has no weight that training could change (all frozen?)");
  Values gradients;
  for (ValueId w : weights) gradients.push_back(found.at(w));
  gradients = TRY(masked(b, spec, weights, std::move(gradients)));
  add_optimizer(b, spec.optimizer, update, weights, std::move(gradients));
  RETURN_IF_ERROR(b.status().at("building the training graph"));
  set_precision(graph, spec.precision);
  return graph;
}

Result<Graph> make_evaluation_graph(const Graph& model, const Loss& loss) {
  Graph graph = model;
  RETURN_IF_ERROR(infer_types(graph));
  Builder b(graph, all_operators(), "evaluate/");
  Values outputs = graph.outputs;
  Loss plain = loss;
  plain.class_weight.clear();
  LossValues values = TRY(add_loss(b, outputs[0], plain));
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
