// Sequential: the public model on top of layers, trainer, session and formats.
#include <algorithm>

#include <fmt/format.h>

#include "convert/write.h"
#include "data/dataset.h"
#include "formats/format.h"
#include "runtime/session.h"
#include "slipway/model.h"
#include "train/fit.h"
#include "train/layers.h"
#include "train/trainer.h"

namespace slipway {

namespace {

Metrics metrics_of(const train::Evaluation& e) { return {e.loss, e.accuracy}; }

Epoch epoch_of(const train::EpochResult& r) {
  Epoch epoch{r.epoch, metrics_of(r.train), std::nullopt, r.seconds};
  if (r.validation) epoch.validation = metrics_of(*r.validation);
  return epoch;
}

train::OptimizerSpec spec_of(const Optimizer& o) {
  return {o.type, o.learning_rate, o.momentum, o.nesterov, o.beta_1, o.beta_2, o.epsilon, o.weight_decay};
}

Dataset dataset(const Tensor& x, const Tensor& y) {
  Dataset data;
  data.name = "the data given to fit";
  data.inputs = x;
  data.labels = y;
  if (y.dtype() != DType::i64) return data;
  int64_t classes = 0;
  for (int64_t label : y.data<int64_t>()) classes = std::max(classes, label + 1);
  for (int64_t c = 0; c < classes; ++c) data.classes.push_back(fmt::format("{}", c));
  return data;
}

}  // namespace

Optimizer SGD(double learning_rate, double momentum, bool nesterov) {
  return {.type = "sgd", .learning_rate = learning_rate, .momentum = momentum, .nesterov = nesterov};
}
Optimizer Adam(double learning_rate) { return {.type = "adam", .learning_rate = learning_rate}; }
Optimizer AdamW(double learning_rate, double weight_decay) {
  return {.type = "adamw", .learning_rate = learning_rate, .weight_decay = weight_decay};
}

struct Sequential::State {
  std::vector<Layer> layers;
  uint64_t seed = 1;
  std::optional<Graph> graph;  // from the first fit, or a file
  std::optional<train::TrainingSpec> training;
  mutable std::unique_ptr<Session> session;  // of `graph`, made when first asked

  Status built() const {
    if (graph) return {};
    return failed_precondition("the model has no weights yet; call fit() first");
  }
  Result<Session*> answering() const {
    RETURN_IF_ERROR(built());
    if (!session) session = TRY(Session::create(*graph));
    return session.get();
  }
};

Sequential::Sequential(std::vector<Layer> layers, uint64_t seed) : state_(new State) {
  state_->layers = std::move(layers);
  state_->seed = seed;
}
Sequential::Sequential(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sequential::~Sequential() = default;
Sequential::Sequential(Sequential&&) noexcept = default;
Sequential& Sequential::operator=(Sequential&&) noexcept = default;

Result<Sequential> Sequential::load(const std::filesystem::path& file) {
  auto state = std::make_unique<State>();
  state->graph = TRY(read_model(file));
  return Sequential(std::move(state));
}

Status Sequential::compile(const CompileArguments& arguments) {
  train::TrainingSpec training;
  std::optional<train::Loss> loss = train::loss_from_name(arguments.loss);
  if (!loss) {
    return invalid(
        fmt::format("loss \"{}\" is not known; expected sparse_categorical_crossentropy, binary_crossentropy or "
                    "mean_squared_error",
                    arguments.loss));
  }
  training.loss = *loss;
  training.optimizer = spec_of(arguments.optimizer);
  RETURN_IF_ERROR(check(training.optimizer));
  state_->training = training;
  return {};
}

Result<History> Sequential::fit(const Tensor& x, const Tensor& y, const FitArguments& arguments) {
  if (!state_->training) return failed_precondition("call compile() before fit()");
  Dataset data = dataset(x, y);
  RETURN_IF_ERROR(check(data));
  if (!state_->graph) state_->graph = TRY(train::build_sequential(state_->layers, data.example_shape(), state_->seed));
  std::optional<Dataset> validation;
  if (arguments.validation_split > 0) {
    Split parts = TRY(split(data, arguments.validation_split, arguments.seed));
    data = parts.rest;
    validation = parts.held_out;
  }
  train::TrainerOptions options;
  options.training = *state_->training;
  options.training.seed = options.seed = arguments.seed;
  options.epochs = arguments.epochs;
  options.batch_size = arguments.batch_size;
  options.threads = arguments.threads;
  train::FitOptions fit;
  fit.checkpoints = arguments.checkpoints;
  fit.resume = arguments.resume;
  if (arguments.early_stopping_patience > 0) {
    fit.early_stopping = train::EarlyStopping{.patience = arguments.early_stopping_patience};
  }
  train::FitListener listener;
  if (arguments.on_epoch) listener.epoch = [&](const train::EpochResult& r) { arguments.on_epoch(epoch_of(r)); };
  auto trainer = TRY(train::Trainer::create(*state_->graph, data, validation, options));
  train::FitResult result = TRY(train::fit(*trainer, fit, listener));
  state_->graph = TRY(trainer->model());
  state_->session.reset();
  History history;
  for (const train::EpochResult& epoch : result.epochs) history.push_back(epoch_of(epoch));
  return history;
}

Result<Metrics> Sequential::evaluate(const Tensor& x, const Tensor& y) const {
  RETURN_IF_ERROR(state_->built());
  if (!state_->training) return failed_precondition("call compile() before evaluate(): it says the loss");
  return metrics_of(TRY(train::evaluate_model(*state_->graph, state_->training->loss, dataset(x, y))));
}

Result<Tensor> Sequential::predict(const Tensor& x) const {
  Session* session = TRY(state_->answering());
  std::vector<Tensor> inputs = {x.dtype() == DType::f32 ? x : x.cast(DType::f32)};
  return TRY(session->run(inputs))[0];
}

Status Sequential::save(const std::filesystem::path& file) const {
  RETURN_IF_ERROR(state_->built());
  return write_converted(*state_->graph, file);
}

std::string Sequential::summary() const {
  if (!state_->graph)
    return fmt::format("Sequential of {} layers; weights are drawn at the first fit\n", state_->layers.size());
  return to_text(*state_->graph);
}

}  // namespace slipway
