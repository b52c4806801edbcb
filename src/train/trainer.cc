// The loop of gradient descent over a compiled training step.
#include "train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "base/cores.h"
#include "base/version.h"
#include "data/batches.h"
#include "data/feed.h"
#include "formats/safetensors.h"
#include "kernels/flush_denormals.h"
#include "kernels/own_cores.h"
#include "train/embedding_ids.h"
#include "train/model_inputs.h"

namespace slipway::train {

namespace {

constexpr const char* kCheckpointFormat = "slipway checkpoint 2";
constexpr const char* kWithinEpoch = "slipway checkpoint 3";  // with the steps done of the next epoch

// What one step reads besides weights, in the order of the training graph's inputs.
class StepInputs {
 public:
  StepInputs() = default;
  StepInputs(ModelInputs x, Tensor y, int64_t batch, bool weighted, bool accumulates)
      : x_(std::move(x)), y_(std::move(y)), batch_(batch), weighted_(weighted), inputs_(x_.count()) {
    inputs_.push_back(y_);
    if (weighted) inputs_.push_back(weights_ = Tensor(DType::f32, {batch}));
    inputs_.push_back(rate_);
    inputs_.push_back(step_);
    if (accumulates) inputs_.insert(inputs_.end(), {update_, batches_, apply_});
  }

  Tensor& x() { return x_.x(); }
  Tensor& y() { return y_; }
  float rate() const { return rate_.data<float>()[0]; }
  void set_weights(const Tensor& all, std::span<const uint32_t> rows) {
    std::span<float> to = weights_.mutable_data<float>();
    for (size_t i = 0; i < rows.size(); ++i) to[i] = all.data<float>()[rows[i]];
  }
  void set_step(double rate, int64_t step, int64_t update, int64_t batches, bool apply) {
    rate_.mutable_data<float>()[0] = static_cast<float>(rate);
    step_.mutable_data<int64_t>()[0] = step;
    update_.mutable_data<int64_t>()[0] = update;
    batches_.mutable_data<float>()[0] = static_cast<float>(batches);
    apply_.mutable_data<bool>()[0] = apply;
  }
  // Tensors of `rows` examples.
  std::span<const Tensor> of(int64_t rows) {
    bool whole = rows == batch_;
    const size_t n = x_.count();
    x_.put(rows, std::span(inputs_).first(n));
    inputs_[n] = whole ? y_ : y_.rows(0, rows);
    if (weighted_) inputs_[n + 1] = whole ? weights_ : weights_.rows(0, rows);
    return inputs_;
  }

 private:
  ModelInputs x_;
  Tensor y_, weights_;
  int64_t batch_ = 0;
  bool weighted_ = false;
  Tensor rate_ = Tensor(DType::f32, {}), step_ = Tensor(DType::i64, {}), update_ = Tensor(DType::i64, {}),
         batches_ = Tensor(DType::f32, {}), apply_ = Tensor(DType::boolean, {});
  std::vector<Tensor> inputs_;
};

class GradientTrainer final : public Trainer {
 public:
  GradientTrainer(Graph model, Dataset train, std::optional<Dataset> validation, TrainerOptions options)
      : model_(std::move(model)),
        validation_(std::move(validation)),
        options_(std::move(options)),
        threads_(options_.threads > 0 ? options_.threads : usable_cores()),
        stream_(std::move(train),
                {.size = options_.batch_size, .shuffle = true, .augment = true, .seed = options_.seed},
                label_dtype(options_.training.loss)) {}

  Status prepare() {
    const Dataset& data = stream_.data();
    RETURN_IF_ERROR(check_embedding_ids(model_, data));
    if (validation_) RETURN_IF_ERROR(check_embedding_ids(model_, *validation_));
    options_.training.sample_weights = data.weights.defined();
    Graph step = TRY(make_training_graph(model_, options_.training));
    Graph evaluation = TRY(make_evaluation_graph(model_, loss()));
    train_ = TRY(Session::create(std::move(step), {.threads = threads_}));
    evaluation_ = TRY(Session::create(std::move(evaluation), {.threads = threads_}));
    Shape label = TRY(label_shape(*evaluation_, loss(), data));
    predictions_ = static_cast<double>(predictions(loss(), label));
    ModelInputs x = TRY(ModelInputs::create(model_, data, options_.batch_size));
    inputs_ = StepInputs(std::move(x), batch_tensor(label_dtype(loss()), label, options_.batch_size),
                         options_.batch_size, data.weights.defined(), accumulated() > 1);
    return {};
  }

  Result<EpochResult> run_epoch(const StepListener& listener, const StopWish& stop) override {
    auto begin = std::chrono::steady_clock::now();
    auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
    FlushDenormals flush(threads_);
    OwnCores cores(threads_);
    const int64_t batches = stream_.batches();
    stream_.start(epoch_, batch_);
    if (batch_ == 0) running_ = Running(predictions_);
    set_step(std::min(batch_, batches - 1), batches);
    while (batch_ < batches) {
      RETURN_IF_ERROR(one_step(batch_));
      ++batch_;
      if (listener) listener(epoch_ + 1, batch_, batches, running_.result());
      if (stop && stop()) {
        seconds_ += seconds();
        return Status(Code::cancelled, fmt::format("epoch {}, batch {}: stopped", epoch_ + 1, batch_));
      }
    }
    ++epoch_;
    EpochResult result;
    result.epoch = epoch_;
    result.steps = batches;
    result.train = running_.result();
    result.learning_rate = learning_rate();
    result.seconds = seconds_ + seconds();
    batch_ = 0;
    seconds_ = 0;
    if (validation_) result.validation = TRY(evaluate(*validation_));
    return result;
  }

  int64_t epoch() const override { return epoch_; }
  int64_t batch() const override { return batch_; }
  int64_t batches() const override { return stream_.batches(); }
  const TrainerOptions& options() const override { return options_; }
  bool has_validation() const override { return validation_.has_value(); }
  void set_rate_factor(double factor) override { rate_factor_ = factor; }
  double learning_rate() const override { return static_cast<double>(inputs_.rate()); }

  Result<Evaluation> evaluate(const Dataset& data) override {
    for (const std::string& name : evaluation_->state_names()) {
      Result<Tensor> value = weight(name);
      if (value.ok()) RETURN_IF_ERROR(evaluation_->set_state(name, *value));
    }
    return evaluate_session(*evaluation_, model_, loss(), data, options_.metrics);
  }

  Result<Graph> model() const override {
    Graph result = model_;
    for (size_t v = 0; v < result.value_count(); ++v) {
      Value& value = result.value({static_cast<int32_t>(v)});
      if (!value.data.defined()) continue;
      Result<Tensor> trained = weight(value.name);
      if (trained.ok()) value.data = *trained;
    }
    return result;
  }

  Result<TrainerState> state() const override {
    TrainerState state{.tensors = {}, .epoch = epoch_, .batch = batch_, .sums = {}, .seconds = seconds_};
    for (const std::string& name : train_->state_names()) state.tensors.emplace(name, TRY(train_->state(name)));
    if (batch_ > 0) state.sums = running_.sums();
    return state;
  }

  Status set_state(const TrainerState& state) override {
    for (const std::string& name : train_->state_names()) {
      auto it = state.tensors.find(name);
      if (it == state.tensors.end()) return invalid(fmt::format("tensor \"{}\" is missing", name));
      RETURN_IF_ERROR(train_->set_state(name, it->second));
    }
    epoch_ = state.epoch;
    batch_ = state.batch;
    seconds_ = state.seconds;
    running_ = Running(predictions_);
    if (batch_ > 0) running_.set_sums(state.sums);
    return {};
  }

  Status save(const TrainerState& state, const std::filesystem::path& path, const Json& notes) const override {
    TensorFile file;
    file.tensors = state.tensors;
    file.metadata = {{"format", state.batch > 0 ? kWithinEpoch : kCheckpointFormat},
                     {"epoch", fmt::format("{}", state.epoch)},
                     {"options", described()},
                     {"notes", notes.dump()}};
    if (state.batch > 0) {
      const Json place = Json::object({{"batch", state.batch}, {"sums", state.sums}, {"seconds", state.seconds}});
      file.metadata["place"] = place.dump();
    }
    return write_safetensors(path, file);
  }

  Result<Json> restore(const std::filesystem::path& path) override {
    Result<TensorFile> read = read_safetensors(path);
    if (!read.ok()) {
      return Status(read.status().code(), read.status().message() + "; train anew without --resume, or bring it back");
    }
    TensorFile file = *std::move(read);
    const bool within = file.metadata["format"] == kWithinEpoch;
    if ((!within && file.metadata["format"] != kCheckpointFormat) || !file.metadata.contains(kChecksumKey)) {
      return invalid(
          fmt::format("{}: expected a checkpoint of slipway train, found other tensors; give the folder "
                      "that --checkpoints named",
                      path.string()));
    }
    if (file.metadata["options"] != described()) {
      return invalid(
          fmt::format("{}: made with other options; expected {}, found {}; resume with the recipe it was "
                      "made with",
                      path.string(), described(), file.metadata["options"]));
    }
    TrainerState state;
    state.tensors = std::move(file.tensors);
    state.epoch = TRY(Json::parse(file.metadata["epoch"])).as_int();
    if (within) {
      const Json place = TRY(Json::parse(file.metadata["place"]));
      state.batch = std::clamp<int64_t>(place["batch"].as_int(), 0, stream_.batches());
      state.sums = place["sums"];
      state.seconds = place["seconds"].as_double();
    }
    if (Status fits = set_state(state); !fits.ok()) return other_model(path, fits.message());
    return Json::parse(file.metadata["notes"]);
  }

 private:
  Status one_step(int64_t batch) {
    const int64_t rows = stream_.next(inputs_.x(), inputs_.y());
    if (stream_.data().weights.defined()) inputs_.set_weights(stream_.data().weights, stream_.rows());
    set_step(batch, stream_.batches());
    RETURN_IF_ERROR(train_->run_into(inputs_.of(rows), outputs_));
    running_.add(outputs_, rows, classifies(loss()));
    return std::isfinite(outputs_[0].data<float>()[0]) ? Status() : diverged(batch);
  }

  const Loss& loss() const { return options_.training.loss; }
  int64_t accumulated() const { return options_.training.optimizer.gradient_accumulation_steps; }

  // Learning rate and counters of a batch. The last batch of an epoch always moves the weights.
  void set_step(int64_t batch, int64_t batches) {
    int64_t k = accumulated(), updates = (batches + k - 1) / k;
    int64_t update = epoch_ * updates + batch / k;
    bool apply = batch % k == k - 1 || batch == batches - 1;
    double rate = options_.training.optimizer.learning_rate * rate_factor_ *
                  schedule_factor(options_.schedule, update, updates * options_.epochs);
    inputs_.set_step(rate, epoch_ * batches + batch + 1, update + 1, batch % k + 1, apply);
  }

  // What the model's weight `name` is now; not_found for what training leaves alone.
  Result<Tensor> weight(const std::string& name) const {
    if (options_.training.optimizer.use_ema) {
      if (Result<Tensor> average = train_->state(average_name(name)); average.ok()) return average;
    }
    return train_->state(name);
  }

  // What a resumed run must share with the one that was interrupted (the number of epochs may grow only where the
  // learning rate does not depend on it).
  std::string described() const {
    const char* precision = options_.training.precision == Precision::bf16 ? " precision bf16" : "";
    return fmt::format("seed {} batch {} loss {} optimizer {} schedule {}{}", options_.seed, options_.batch_size,
                       fingerprint(loss()), fingerprint(options_.training.optimizer),
                       fingerprint(options_.schedule, options_.epochs), precision);
  }

  static Status other_model(const std::filesystem::path& path, std::string_view why) {
    return invalid(
        fmt::format("{}: made with another model: {}; resume with the recipe it was made with", path.string(), why));
  }

  Status diverged(int64_t batch) const {
    return failed_precondition(
        fmt::format("epoch {}, batch {}: the loss is {}; lower the learning rate (now {}) or check "
                    "that labels are in range and inputs are scaled",
                    epoch_ + 1, batch + 1, outputs_[0].data<float>()[0], inputs_.rate()));
  }

  Graph model_;
  std::optional<Dataset> validation_;
  TrainerOptions options_;
  int threads_;
  Feed stream_;
  std::unique_ptr<Session> train_;
  std::unique_ptr<Session> evaluation_;
  StepInputs inputs_;
  std::vector<Tensor> outputs_;
  double predictions_ = 1;  // per example
  double rate_factor_ = 1;
  int64_t epoch_ = 0;
  int64_t batch_ = 0;   // steps done of the epoch under way
  Running running_;     // over them
  double seconds_ = 0;  // that they took, where the epoch was stopped
};

}  // namespace

Json statement(const TrainerOptions& options) {
  const auto cores = static_cast<int64_t>(usable_cores());
  Json json = Json::object({{"seed", static_cast<int64_t>(options.seed)}});
  // A session without a number takes one thread or, where the work is worth it, all cores.
  json.set("threads", options.threads > 0 ? Json(options.threads) : Json(fmt::format("up to {}", cores)));
  return json.set("slipway", version());
}

Json to_json(const EpochResult& r) {
  Json json = Json::object({{"epoch", r.epoch}});
  auto add = [&](const Json& part) {
    for (const auto& [name, value] : part.members()) json.set(name, value);
  };
  add(to_json(r.train));
  if (r.validation) add(to_json(*r.validation, "val_"));
  json.set("learning_rate", r.learning_rate).set("seconds", r.seconds).set("steps", r.steps);
  return json;
}

Result<std::unique_ptr<Trainer>> Trainer::create(Graph model, Dataset train, std::optional<Dataset> validation,
                                                 TrainerOptions options) {
  RETURN_IF_ERROR(check(train));
  if (validation) RETURN_IF_ERROR(check(*validation));
  if (options.batch_size < 1) return invalid(fmt::format("batch_size is {}; expected at least 1", options.batch_size));
  if (options.epochs < 1) return invalid(fmt::format("epochs is {}; expected at least 1", options.epochs));
  RETURN_IF_ERROR(check(options.schedule));
  options.batch_size = std::min(options.batch_size, train.size());  // all of a smaller data set is one batch
  auto trainer =
      std::make_unique<GradientTrainer>(std::move(model), std::move(train), std::move(validation), std::move(options));
  RETURN_IF_ERROR(trainer->prepare());
  return std::unique_ptr<Trainer>(std::move(trainer));
}

}  // namespace slipway::train
