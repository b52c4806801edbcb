// Trainer: a model, its data and the running state of gradient descent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "runtime/session.h"
#include "train/training_graph.h"

namespace slipway::train {

// Learning rate by step: constant, or falling to `end` × the optimizer's rate over all steps, linearly or along a
// cosine (I. Loshchilov, F. Hutter, "SGDR", ICLR 2017), after `warmup_steps` of linear rise.
struct Schedule {
  std::string type = "constant";  // "constant", "linear", "cosine"
  double end = 0;
  int64_t warmup_steps = 0;
};

// The factor on the learning rate at `step` (from 0) of `total`. Pure.
double schedule_factor(const Schedule& schedule, int64_t step, int64_t total);

struct TrainerOptions {
  TrainingSpec training;
  Schedule schedule;
  int64_t epochs = 5;
  int64_t batch_size = 32;
  uint64_t seed = 1;  // order of examples, dropout
  int threads = 0;
};

struct Evaluation {
  int64_t examples = 0;
  double loss = 0;
  std::optional<double> accuracy;  // of classification losses
};

struct EpochResult {
  int64_t epoch = 0;  // from 1
  Evaluation train;   // running means over the epoch
  std::optional<Evaluation> validation;
  double seconds = 0;  // of training, without validation
  int64_t steps = 0;
};
Json to_json(const EpochResult& result);

// Called after every step: the epoch (from 1), the batch (from 1), batches in the epoch, running means so far.
using StepListener = std::function<void(int64_t epoch, int64_t batch, int64_t batches, const Evaluation& so_far)>;

// Not thread-safe. The same options, data and thread count give the same bytes.
class Trainer {
 public:
  // `train` passes check(). The model's first dimension is the batch.
  static Result<std::unique_ptr<Trainer>> create(Graph model, Dataset train, std::optional<Dataset> validation,
                                                 TrainerOptions options);
  virtual ~Trainer() = default;

  // One pass over the training data, then validation. An error when the loss is no longer finite.
  virtual Result<EpochResult> run_epoch(const StepListener& listener = nullptr) = 0;
  // Epochs done so far.
  virtual int64_t epoch() const = 0;
  virtual const TrainerOptions& options() const = 0;
  virtual bool has_validation() const = 0;

  // Loss and accuracy of the current weights, as the model is used in production (no dropout).
  virtual Result<Evaluation> evaluate(const Dataset& data) = 0;

  // The model with the current weights.
  virtual Result<Graph> model() const = 0;

  // Everything that the next epoch depends on: weights, slots, step, with `notes` beside it. restore() returns the
  // notes; data_loss or invalid_argument when the file does not belong to this model and these options.
  virtual Status save(const std::filesystem::path& path, const Json& notes) const = 0;
  virtual Result<Json> restore(const std::filesystem::path& path) = 0;
};

// Loss and accuracy of a model on labelled data.
Result<Evaluation> evaluate_model(const Graph& model, Loss loss, const Dataset& data, int threads = 0);

}  // namespace slipway::train
