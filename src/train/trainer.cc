// The loop of gradient descent over a compiled training step.
#include "train/trainer.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <numbers>

#include <fmt/format.h>

#include "data/batches.h"
#include "data/feed.h"
#include "formats/safetensors.h"

namespace slipway::train {

namespace {

constexpr int64_t kEvaluationBatch = 256;

// Means over the examples seen.
class Running {
 public:
  void add(const std::vector<Tensor>& outputs, int64_t rows, bool classifies) {
    examples_ += rows;
    loss_ += static_cast<double>(outputs[0].data<float>()[0]) * static_cast<double>(rows);
    if (classifies) correct_ += static_cast<double>(outputs[1].data<float>()[0]);
    classifies_ = classifies;
  }
  Evaluation result() const {
    Evaluation e;
    e.examples = examples_;
    double n = static_cast<double>(std::max<int64_t>(examples_, 1));
    e.loss = loss_ / n;
    if (classifies_) e.accuracy = correct_ / n;
    return e;
  }

 private:
  int64_t examples_ = 0;
  double loss_ = 0;
  double correct_ = 0;
  bool classifies_ = false;
};

Tensor batch_tensor(DType dtype, const Shape& example, int64_t rows) {
  Shape shape = example;
  shape.insert(shape.begin(), rows);
  return Tensor(dtype, shape);
}

// The label of one example as the graph's "labels" input wants it (the model's output decides: [1] or []).
Result<Shape> label_shape(const Session& session, DType dtype, const Dataset& data) {
  for (const Port& port : session.inputs()) {
    if (port.name != "labels") continue;
    Shape shape;
    for (size_t i = 1; i < port.dims.size(); ++i) {
      if (!port.dims[i].known()) return invalid("the model's output has a dimension of unknown size besides the batch");
      shape.push_back(port.dims[i].size);
    }
    int64_t found = data.label_width();
    if (found != element_count(shape)) {
      return invalid(fmt::format(
          "{}: {} label value(s) per example, but the loss compares the model's output with {} of "
          "{}{}; check the last layer (a Flatten before Dense?) and the loss",
          data.name, found, element_count(shape), dtype_name(dtype), to_string(std::span<const int64_t>(shape))));
    }
    return shape;
  }
  CHECK(false, "a training graph without labels");
}

// Runs `session` (a training or evaluation graph) over batches; extra inputs follow input and labels.
struct BatchRunner {
  Tensor x, y;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;

  Status run(Session& session, int64_t rows, int64_t size) {
    bool whole = rows == size;
    inputs[0] = whole ? x : x.rows(0, rows);
    inputs[1] = whole ? y : y.rows(0, rows);
    return session.run_into(inputs, outputs);
  }
};

Result<Evaluation> evaluate_session(Session& session, Loss loss, const Dataset& data) {
  RETURN_IF_ERROR(check(data));
  DType dtype = label_dtype(loss);
  Shape label = TRY(label_shape(session, dtype, data));
  BatchRunner runner;
  runner.x = batch_tensor(DType::f32, data.example_shape(), kEvaluationBatch);
  runner.y = batch_tensor(dtype, label, kEvaluationBatch);
  runner.inputs.resize(2);
  BatchStream stream(data, {.size = kEvaluationBatch, .shuffle = false});
  stream.start(0);
  Running running;
  while (int64_t rows = stream.next(runner.x, runner.y)) {
    RETURN_IF_ERROR(runner.run(session, rows, kEvaluationBatch));
    running.add(runner.outputs, rows, loss != Loss::mean_squared_error);
  }
  return running.result();
}

class GradientTrainer final : public Trainer {
 public:
  GradientTrainer(Graph model, Dataset train, std::optional<Dataset> validation, TrainerOptions options)
      : model_(std::move(model)),
        validation_(std::move(validation)),
        options_(std::move(options)),
        stream_(std::move(train),
                {.size = options_.batch_size, .shuffle = true, .augment = true, .seed = options_.seed},
                label_dtype(options_.training.loss)) {}

  Status prepare() {
    Graph step = TRY(make_training_graph(model_, options_.training));
    Graph evaluation = TRY(make_evaluation_graph(model_, options_.training.loss));
    train_ = TRY(Session::create(std::move(step), {.threads = options_.threads}));
    evaluation_ = TRY(Session::create(std::move(evaluation), {.threads = options_.threads}));
    DType dtype = label_dtype(options_.training.loss);
    const Dataset& data = stream_.data();
    Shape label = TRY(label_shape(*train_, dtype, data));
    runner_.x = batch_tensor(DType::f32, data.example_shape(), options_.batch_size);
    runner_.y = batch_tensor(dtype, label, options_.batch_size);
    rate_ = Tensor(DType::f32, {});
    step_ = Tensor(DType::i64, {});
    runner_.inputs = {runner_.x, runner_.y, rate_, step_};
    return {};
  }

  Result<EpochResult> run_epoch(const StepListener& listener) override {
    auto begin = std::chrono::steady_clock::now();
    int64_t batches = stream_.batches();
    int64_t total = batches * options_.epochs;
    stream_.start(epoch_);
    Running running;
    bool classifies = options_.training.loss != Loss::mean_squared_error;
    EpochResult result;
    for (int64_t batch = 0; batch < batches; ++batch) {
      int64_t rows = stream_.next(runner_.x, runner_.y);
      int64_t step = epoch_ * batches + batch;
      rate_.mutable_data<float>()[0] = static_cast<float>(options_.training.optimizer.learning_rate *
                                                          schedule_factor(options_.schedule, step, total));
      step_.mutable_data<int64_t>()[0] = step + 1;
      RETURN_IF_ERROR(runner_.run(*train_, rows, options_.batch_size));
      running.add(runner_.outputs, rows, classifies);
      if (!std::isfinite(runner_.outputs[0].data<float>()[0])) return diverged(batch);
      if (listener) listener(epoch_ + 1, batch + 1, batches, running.result());
    }
    ++epoch_;
    result.epoch = epoch_;
    result.steps = batches;
    result.train = running.result();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (validation_) result.validation = TRY(evaluate(*validation_));
    return result;
  }

  int64_t epoch() const override { return epoch_; }
  const TrainerOptions& options() const override { return options_; }
  bool has_validation() const override { return validation_.has_value(); }

  Result<Evaluation> evaluate(const Dataset& data) override {
    for (const std::string& name : evaluation_->state_names()) {
      Result<Tensor> value = train_->state(name);
      if (value.ok()) RETURN_IF_ERROR(evaluation_->set_state(name, *value));
    }
    return evaluate_session(*evaluation_, options_.training.loss, data);
  }

  Result<Graph> model() const override {
    Graph result = model_;
    for (size_t v = 0; v < result.value_count(); ++v) {
      Value& value = result.value({static_cast<int32_t>(v)});
      if (!value.data.defined()) continue;
      Result<Tensor> trained = train_->state(value.name);
      if (trained.ok()) value.data = *trained;
    }
    return result;
  }

  Status save(const std::filesystem::path& path, const Json& notes) const override {
    TensorFile file;
    for (const std::string& name : train_->state_names()) file.tensors.emplace(name, TRY(train_->state(name)));
    file.metadata = {{"format", "slipway checkpoint 1"},
                     {"epoch", fmt::format("{}", epoch_)},
                     {"options", fingerprint()},
                     {"notes", notes.dump()}};
    return write_safetensors(path, file);
  }

  Result<Json> restore(const std::filesystem::path& path) override {
    TensorFile file = TRY(read_safetensors(path));
    if (file.metadata["format"] != "slipway checkpoint 1") {
      return invalid(fmt::format("{}: not a checkpoint of slipway train", path.string()));
    }
    if (file.metadata["options"] != fingerprint()) {
      return invalid(
          fmt::format("{}: made with other options; expected {}, found {}; resume with the recipe it was "
                      "made with",
                      path.string(), fingerprint(), file.metadata["options"]));
    }
    for (const std::string& name : train_->state_names()) {
      auto it = file.tensors.find(name);
      if (it == file.tensors.end()) return data_loss(fmt::format("{}: no tensor \"{}\"", path.string(), name));
      RETURN_IF_ERROR(train_->set_state(name, it->second).at(path.string()));
    }
    epoch_ = Json::parse(file.metadata["epoch"]).ok() ? TRY(Json::parse(file.metadata["epoch"])).as_int() : 0;
    return Json::parse(file.metadata["notes"]);
  }

 private:
  // What a resumed run must share with the one that was interrupted (the number of epochs may grow only where the
  // learning rate does not depend on it).
  std::string fingerprint() const {
    const OptimizerSpec& o = options_.training.optimizer;
    std::string text = fmt::format("seed {} batch {} loss {} {} {} {} {} {} {} {} {}", options_.seed,
                                   options_.batch_size, loss_name(options_.training.loss), o.type, o.learning_rate,
                                   o.momentum, o.nesterov, o.beta_1, o.beta_2, o.epsilon, o.weight_decay);
    if (options_.schedule.type != "constant")
      text += fmt::format(" {} over {}", options_.schedule.type, options_.epochs);
    return text;
  }

  Status diverged(int64_t batch) const {
    return failed_precondition(
        fmt::format("epoch {}, batch {}: the loss is {}; lower the learning rate (now {}) or check "
                    "that labels are in range and inputs are scaled",
                    epoch_ + 1, batch + 1, runner_.outputs[0].data<float>()[0], rate_.data<float>()[0]));
  }

  Graph model_;
  std::optional<Dataset> validation_;
  TrainerOptions options_;
  Feed stream_;
  std::unique_ptr<Session> train_;
  std::unique_ptr<Session> evaluation_;
  BatchRunner runner_;
  Tensor rate_, step_;
  int64_t epoch_ = 0;
};

}  // namespace

double schedule_factor(const Schedule& schedule, int64_t step, int64_t total) {
  if (step < schedule.warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps + 1);
  }
  if (schedule.type == "constant") return 1;
  int64_t span = std::max<int64_t>(total - schedule.warmup_steps, 1);
  double progress = std::min(1.0, static_cast<double>(step - schedule.warmup_steps) / static_cast<double>(span));
  double left = schedule.type == "cosine" ? 0.5 * (1 + std::cos(std::numbers::pi * progress)) : 1 - progress;
  return schedule.end + (1 - schedule.end) * left;
}

Json to_json(const EpochResult& r) {
  Json json = Json::object({{"epoch", r.epoch}, {"loss", r.train.loss}});
  if (r.train.accuracy) json.set("accuracy", *r.train.accuracy);
  if (r.validation) json.set("val_loss", r.validation->loss);
  if (r.validation && r.validation->accuracy) json.set("val_accuracy", *r.validation->accuracy);
  json.set("seconds", r.seconds).set("steps", r.steps);
  return json;
}

Result<std::unique_ptr<Trainer>> Trainer::create(Graph model, Dataset train, std::optional<Dataset> validation,
                                                 TrainerOptions options) {
  RETURN_IF_ERROR(check(train));
  if (validation) RETURN_IF_ERROR(check(*validation));
  if (options.batch_size < 1) return invalid(fmt::format("batch_size is {}; expected at least 1", options.batch_size));
  if (options.epochs < 1) return invalid(fmt::format("epochs is {}; expected at least 1", options.epochs));
  auto trainer =
      std::make_unique<GradientTrainer>(std::move(model), std::move(train), std::move(validation), std::move(options));
  RETURN_IF_ERROR(trainer->prepare());
  return std::unique_ptr<Trainer>(std::move(trainer));
}

Result<Evaluation> evaluate_model(const Graph& model, Loss loss, const Dataset& data, int threads) {
  Graph graph = TRY(make_evaluation_graph(model, loss));
  graph.updates.clear();  // nothing will set the weights: let them fold
  std::unique_ptr<Session> session = TRY(Session::create(std::move(graph), {.threads = threads}));
  return evaluate_session(*session, loss, data);
}

}  // namespace slipway::train
