// Evaluating in batches.
#include "train/evaluation.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/batches.h"
#include "train/metrics.h"
#include "train/model_inputs.h"
#include "train/training_graph.h"

namespace slipway::train {

namespace {

constexpr int64_t kEvaluationBatch = 256;

OutputMeaning meaning_of(const Graph& model, const Loss& loss) {
  OutputMeaning meaning{.probabilities = false, .ctc = full_loss_name(loss.type) == "ctc"};
  const std::optional<Dims>& dims = model.value(model.outputs[0]).dims;
  const bool binary = full_loss_name(loss.type).starts_with("binary_");
  meaning.labels = binary && dims && dims->size() == 2 && dims->back().known() && dims->back().size > 1;
  NodeId producer = model.producers()[static_cast<size_t>(model.outputs[0].index)];
  if (!producer.valid()) return meaning;
  const std::string& op = model.node(producer).op_type;
  meaning.probabilities = op == "Softmax" || op == "Sigmoid";
  return meaning;
}

// The number of classes that the labels speak of. Requires: the data is not empty.
int64_t classes_of(const Dataset& data) {
  auto named = static_cast<int64_t>(data.classes.size());
  if (data.labels.dtype() == DType::i64) return std::max(named, std::ranges::max(data.labels.data<int64_t>()) + 1);
  return std::max(named, static_cast<int64_t>(std::ranges::max(data.labels.data<float>())) + 1);
}

// Of losses that do not classify, the answers are numbers.
size_t watched_classes(const Dataset& data, const Loss& loss) {
  if (!classifies(loss)) return 0;
  return data.classes.empty() ? 2 : data.classes.size();
}

// Losses of one answer, yes or no, compare with probabilities: class 2 or a price would make them fall without end.
Status check_probabilities(const Dataset& data, std::string_view loss) {
  auto first_outside = [](const auto& labels) -> std::optional<double> {
    for (auto y : labels) {
      if (!(y >= 0 && y <= 1)) return static_cast<double>(y);
    }
    return std::nullopt;
  };
  const bool whole = data.labels.dtype() == DType::i64;
  std::optional<double> wrong =
      whole ? first_outside(data.labels.data<int64_t>()) : first_outside(data.labels.data<float>());
  if (!wrong) return {};
  return invalid(fmt::format("{}: {} expects labels from 0 to 1, found {}; {}", data.name, loss, *wrong,
                             whole ? "take a categorical loss for more than two classes"
                                   : "take a loss of numbers, such as mean_squared_error"));
}

// Every class of the data needs a place in the model's output.
Status check_classes(const Session& session, const Loss& loss, const Dataset& data) {
  const std::string_view name = full_loss_name(loss.type);
  if (name.starts_with("binary_") || name == "contrastive") return check_probabilities(data, name);
  if ((name != "sparse_categorical_crossentropy" && name != "ctc") || data.size() == 0) return {};
  const Dims& dims = session.outputs().back().dims;
  if (dims.size() < 2 || !dims.back().known()) return {};
  const int64_t classes = classes_of(data);
  if (classes <= dims.back().size) return {};
  if (data.labels.dtype() == DType::f32 && data.classes.empty()) {
    const auto [least, most] = std::ranges::minmax(data.labels.data<float>());
    return invalid(fmt::format(
        "{}: the target is a number from {} to {}, which {} takes for a class; for regression take loss = "
        "\"mean_squared_error\" and one unit in the last layer, for classes task = \"classification\" in [data]",
        data.name, least, most, name));
  }
  return invalid(fmt::format(
      "{}: the data has {} classes, the model's output {}; give the last layer {} units or check the labels", data.name,
      classes, to_string(dims), classes));
}

}  // namespace

Json to_json(const Evaluation& e, const std::string& prefix) {
  Json json = Json::object({{prefix + "loss", e.loss}});
  if (e.accuracy) json.set(prefix + "accuracy", *e.accuracy);
  for (const auto& [name, value] : e.metrics.members()) json.set(prefix + name, value);
  return json;
}

void Running::add(const std::vector<Tensor>& outputs, int64_t rows, bool classifies) {
  examples_ += rows;
  loss_ += static_cast<double>(outputs[0].data<float>()[0]) * static_cast<double>(rows);
  if (classifies) correct_ += static_cast<double>(outputs[1].data<float>()[0]);
  classifies_ = classifies;
}

Evaluation Running::result() const {
  Evaluation e;
  e.examples = examples_;
  double n = static_cast<double>(std::max<int64_t>(examples_, 1));
  e.loss = loss_ / n;
  if (classifies_) e.accuracy = correct_ / (n * predictions_);
  return e;
}

Json Running::sums() const {
  return Json::object(
      {{"examples", examples_}, {"loss", loss_}, {"correct", correct_}, {"classifies", Json(classifies_)}});
}

void Running::set_sums(const Json& sums) {
  examples_ = sums["examples"].as_int();
  loss_ = sums["loss"].as_double();
  correct_ = sums["correct"].as_double();
  classifies_ = sums["classifies"].as_bool();
}

Tensor batch_tensor(DType dtype, const Shape& example, int64_t rows) {
  Shape shape = example;
  shape.insert(shape.begin(), rows);
  return Tensor(dtype, shape);
}

Result<Shape> label_shape(const Session& session, const Loss& loss, const Dataset& data) {
  auto port = std::ranges::find(session.inputs(), "labels", &Port::name);
  CHECK(port != session.inputs().end(), "a training graph without labels");
  Shape shape;
  for (size_t i = 1; i < port->dims.size(); ++i) {
    const bool as_many_as_there_are = port->dims[i].symbol == kFreeLabels;
    if (!port->dims[i].known() && !as_many_as_there_are) {
      return invalid("the model's output has a dimension of unknown size besides the batch");
    }
    shape.push_back(as_many_as_there_are ? data.label_width() : port->dims[i].size);
  }
  int64_t found = data.label_width();
  if (found == element_count(shape)) {
    RETURN_IF_ERROR(check_classes(session, loss, data));
    return shape;
  }
  if (one_hot_labels(loss) && data.labels.dtype() == DType::i64 && found * shape.back() == element_count(shape)) {
    return invalid(fmt::format(
        "{}: the labels are class indices, but {} compares with one-hot labels {}; take sparse_{}", data.name,
        full_loss_name(loss.type), to_string(std::span<const int64_t>(shape)), full_loss_name(loss.type)));
  }
  const bool last_only = shape.size() == 1 && data.window == 0 && data.labels.rank() <= 2;
  if (last_only && data.labels.dtype() == DType::f32) {
    return invalid(fmt::format(
        "{}: the data tells {} number(s) of each example, the model {}; give the last layer {} unit(s), or check the "
        "target and the loss",
        data.name, found, shape[0], found));
  }
  return invalid(
      fmt::format("{}: {} label value(s) per example, but the loss compares the model's output with {} of "
                  "{}{}; check the last layer (a Flatten before Dense?) and the loss",
                  data.name, found, element_count(shape), dtype_name(label_dtype(loss)),
                  to_string(std::span<const int64_t>(shape))));
}

Result<Evaluation> evaluate_session(Session& session, const Graph& model, const Loss& loss, const Dataset& data,
                                    const std::vector<std::string>& metrics) {
  RETURN_IF_ERROR(check(data));
  Shape label = TRY(label_shape(session, loss, data));
  std::vector<std::unique_ptr<Metric>> measures;
  for (const std::string& name : metrics) measures.push_back(TRY(make_metric(name, meaning_of(model, loss))));
  AnswerKeeper answers(meaning_of(model, loss), watched_classes(data, loss));
  ModelInputs x = TRY(ModelInputs::create(model, data, kEvaluationBatch));
  Tensor y = batch_tensor(label_dtype(loss), label, kEvaluationBatch);
  std::vector<Tensor> inputs(x.count() + 1), outputs;
  BatchStream stream(data, {.size = kEvaluationBatch, .shuffle = false});
  stream.start(0);
  bool classified = classifies(loss);
  Running running(static_cast<double>(predictions(loss, label)));
  while (int64_t rows = stream.next(x.x(), y)) {
    x.put(rows, std::span(inputs).first(x.count()));
    inputs.back() = y.rows(0, rows);
    RETURN_IF_ERROR(session.run_into(inputs, outputs));
    running.add(outputs, rows, classified);
    for (auto& measure : measures) measure->add(outputs.back(), inputs.back());
    if (data.window == 0) answers.add(outputs.back(), inputs.back());
  }
  Evaluation result = running.result();
  result.answers = answers.result();
  for (size_t i = 0; i < metrics.size(); ++i) result.metrics.set(metrics[i], measures[i]->result());
  return result;
}

Result<Evaluation> evaluate_model(const Graph& model, const Loss& loss, const Dataset& data, int threads,
                                  const std::vector<std::string>& metrics) {
  Graph graph = TRY(make_evaluation_graph(model, loss));
  graph.updates.clear();  // nothing will set the weights: let them fold
  std::unique_ptr<Session> session = TRY(Session::create(std::move(graph), {.threads = threads}));
  return evaluate_session(*session, model, loss, data, metrics);
}

}  // namespace slipway::train
