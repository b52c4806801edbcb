// Trainer: a model, its data and the running state of gradient descent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "train/evaluation.h"
#include "train/schedule.h"
#include "train/training_graph.h"

namespace slipway::train {

struct TrainerOptions {
  TrainingSpec training;
  Schedule schedule;
  int64_t epochs = 5;
  int64_t batch_size = 32;
  uint64_t seed = 1;                 // order of examples, dropout
  std::vector<std::string> metrics;  // measured on validation data beside loss and accuracy (train/metrics.h)
  int threads = 0;
};

// What a run depends on beside its recipe, data and machine: {"seed", "threads", "slipway" (its version)}. Where all
// of them are the same, it gives the same bytes.
Json statement(const TrainerOptions& options);

struct EpochResult {
  int64_t epoch = 0;  // from 1
  Evaluation train;   // running means over the epoch
  std::optional<Evaluation> validation;
  double seconds = 0;  // of training, without validation
  int64_t steps = 0;
  double learning_rate = 0;  // of the last step
};
Json to_json(const EpochResult& result);

// Called after every step: the epoch (from 1), the batch (from 1), batches in the epoch, running means so far.
using StepListener = std::function<void(int64_t epoch, int64_t batch, int64_t batches, const Evaluation& so_far)>;

// Asked after every step, and before an epoch: whether training is to end there.
using StopWish = std::function<bool()>;

// Everything that the next step depends on.
struct TrainerState {
  std::map<std::string, Tensor> tensors;  // weights, running statistics, slots
  int64_t epoch = 0;                      // epochs done
  int64_t batch = 0;                      // steps done of the next one
  Json sums;                              // of these steps: what the epoch's means are made of; null: none
  double seconds = 0;                     // that these steps took
};

// Not thread-safe. The same options, data and thread count give the same bytes.
class Trainer {
 public:
  // `train` passes check(); where it has weights, they say what its examples count. The model's first dimension is the
  // batch.
  static Result<std::unique_ptr<Trainer>> create(Graph model, Dataset train, std::optional<Dataset> validation,
                                                 TrainerOptions options);
  virtual ~Trainer() = default;

  // One pass over the training data, or what is left of it, then validation. An error when the loss is no longer
  // finite; cancelled where `stop` wished it, with every step so far done: the next call goes on behind it.
  virtual Result<EpochResult> run_epoch(const StepListener& listener = nullptr, const StopWish& stop = nullptr) = 0;
  // Epochs done so far.
  virtual int64_t epoch() const = 0;
  // Steps done of the epoch under way, and steps in an epoch.
  virtual int64_t batch() const = 0;
  virtual int64_t batches() const = 0;
  virtual const TrainerOptions& options() const = 0;
  virtual bool has_validation() const = 0;

  // What the learning rate is multiplied with from now on, beside the schedule. No part of a checkpoint.
  virtual void set_rate_factor(double factor) = 0;
  // The learning rate of the last step.
  virtual double learning_rate() const = 0;

  // Loss and metrics of the current weights (their averages where the optimizer keeps them), as the model is used in
  // production (no dropout).
  virtual Result<Evaluation> evaluate(const Dataset& data) = 0;

  // The model with the current weights, or their averages.
  virtual Result<Graph> model() const = 0;

  virtual Result<TrainerState> state() const = 0;
  virtual Status set_state(const TrainerState& state) = 0;

  // A state in a file, with `notes` beside it; restore() takes it over and returns the notes. data_loss or
  // invalid_argument when the file does not belong to this model and these options.
  virtual Status save(const TrainerState& state, const std::filesystem::path& path, const Json& notes) const = 0;
  virtual Result<Json> restore(const std::filesystem::path& path) = 0;
};

}  // namespace slipway::train
