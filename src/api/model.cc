// Model: the public model on top of layers, trainer, session and formats.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "convert/write.h"
#include "data/dataset.h"
#include "formats/format.h"
#include "runtime/session.h"
#include "slipway/model.h"
#include "train/fit.h"
#include "train/layers.h"
#include "train/metrics.h"
#include "train/trainer.h"

namespace slipway {

namespace {

Metrics metrics_of(const train::Evaluation& e) {
  Metrics metrics{e.loss, e.accuracy, {}};
  for (const auto& [name, value] : e.metrics.members()) {
    if (value.is_number()) metrics.others[name] = value.as_double();
  }
  return metrics;
}

Epoch epoch_of(const train::EpochResult& r) {
  Epoch epoch{r.epoch, metrics_of(r.train), std::nullopt, r.seconds};
  if (r.validation) epoch.validation = metrics_of(*r.validation);
  return epoch;
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

// The layers that `output` needs, each after those it reads, all with names.
class Flattened {
 public:
  std::string add(const Symbol& symbol) {
    const Symbol::Node* node = &symbol.node();
    if (auto known = names_.find(node); known != names_.end()) return known->second;
    Layer layer = node->layer;
    for (const Symbol& input : node->inputs) layer.inputs.push_back(add(input));
    if (layer.name.empty()) layer.name = free_name(train::layer_base_name(layer));
    names_[node] = layer.name;
    layers_.push_back(layer);
    return layer.name;
  }
  std::vector<Layer> layers() const { return layers_; }

 private:
  std::string free_name(const std::string& base) {
    int number = used_[base]++;
    return number == 0 ? base : fmt::format("{}_{}", base, number);
  }

  std::map<const Symbol::Node*, std::string> names_;
  std::map<std::string, int> used_;
  std::vector<Layer> layers_;
};

std::vector<Layer> layers_between(const Symbol& input, const Symbol& output) {
  Flattened flat;
  flat.add(input);
  flat.add(output);
  return flat.layers();
}

}  // namespace

struct Model::State {
  std::vector<Layer> layers;
  uint64_t seed = 1;
  std::optional<Graph> graph;  // from the first fit, or a file
  std::optional<CompileArguments> compiled;
  std::vector<std::string> frozen;
  std::vector<std::string> spared;           // weights of new heads
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

Model::Model(std::vector<Layer> layers, uint64_t seed) : state_(new State) {
  state_->layers = std::move(layers);
  state_->seed = seed;
}
Model::Model(const Symbol& input, const Symbol& output, uint64_t seed) : Model(layers_between(input, output), seed) {}
Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Result<Model> Model::load(const std::filesystem::path& file) {
  auto state = std::make_unique<State>();
  state->graph = TRY(read_model(file));
  return Model(std::move(state));
}

Status Model::compile(const CompileArguments& arguments) {
  RETURN_IF_ERROR(train::check(arguments.loss));
  RETURN_IF_ERROR(train::check(arguments.optimizer));
  RETURN_IF_ERROR(train::check(arguments.schedule));
  for (const std::string& metric : arguments.metrics) RETURN_IF_ERROR(train::make_metric(metric).status());
  state_->compiled = arguments;
  return {};
}

void Model::freeze(std::vector<std::string> globs) { state_->frozen = std::move(globs); }

Status Model::replace_head(const std::vector<Layer>& layers, const std::string& at, uint64_t seed) {
  RETURN_IF_ERROR(state_->built());
  const std::vector<std::string> old = train::trained_weights(*state_->graph, {});
  state_->graph = TRY(train::replace_head(*state_->graph, at, layers, seed));
  for (const std::string& name : train::trained_weights(*state_->graph, {})) {
    if (std::ranges::find(old, name) == old.end()) state_->spared.push_back(name);
  }
  state_->session.reset();
  return {};
}

Result<History> Model::fit(const Tensor& x, const Tensor& y, const FitArguments& arguments) {
  if (!state_->compiled) return failed_precondition("call compile() before fit()");
  Dataset data = dataset(x, y);
  data.weights = arguments.sample_weight;
  RETURN_IF_ERROR(check(data));
  if (!state_->graph) state_->graph = TRY(train::build_model(state_->layers, data.example_shape(), state_->seed));
  std::optional<Dataset> validation;
  if (arguments.validation_split > 0) {
    Split parts = TRY(split(data, arguments.validation_split, arguments.seed));
    data = parts.rest;
    validation = parts.held_out;
  }
  train::TrainerOptions options;
  options.training.loss = state_->compiled->loss;
  options.training.optimizer = state_->compiled->optimizer;
  options.training.freeze = state_->frozen;
  options.training.spared = state_->spared;
  options.schedule = state_->compiled->schedule;
  options.metrics = state_->compiled->metrics;
  options.training.seed = options.seed = arguments.seed;
  options.epochs = arguments.epochs;
  options.batch_size = arguments.batch_size;
  options.threads = arguments.threads;
  train::FitOptions fit;
  fit.checkpoints = arguments.checkpoints;
  fit.resume = arguments.resume;
  fit.callbacks = {arguments.reduce_lr_on_plateau, arguments.csv_log, arguments.tensorboard};
  if (arguments.early_stopping_patience > 0) {
    fit.early_stopping = EarlyStopping{.patience = arguments.early_stopping_patience};
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

Result<Metrics> Model::evaluate(const Tensor& x, const Tensor& y) const {
  RETURN_IF_ERROR(state_->built());
  const auto& compiled = state_->compiled;
  if (!compiled) return failed_precondition("call compile() before evaluate(): it says the loss");
  return metrics_of(TRY(train::evaluate_model(*state_->graph, compiled->loss, dataset(x, y), 0, compiled->metrics)));
}

Result<Tensor> Model::predict(const Tensor& x) const {
  Session* session = TRY(state_->answering());
  std::vector<Tensor> inputs = {x.dtype() == DType::f32 ? x : x.cast(DType::f32)};
  return TRY(session->run(inputs))[0];
}

Status Model::save(const std::filesystem::path& file) const {
  RETURN_IF_ERROR(state_->built());
  return write_converted(*state_->graph, file);
}

std::string Model::summary() const {
  if (!state_->graph)
    return fmt::format("A model of {} layers; weights are drawn at the first fit\n", state_->layers.size());
  return to_text(*state_->graph);
}

}  // namespace slipway
