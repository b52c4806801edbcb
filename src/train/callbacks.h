// Callbacks: what happens after every epoch. Each is a fold over the epochs' results, so that a resumed run gets the
// same state by folding over the epochs of its checkpoint.
#pragma once

#include <any>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "slipway/callbacks.h"
#include "train/trainer.h"

namespace slipway::train {

struct CallbackOptions {
  std::optional<ReduceOnPlateau> reduce_lr_on_plateau;
  std::filesystem::path csv_log;        // a table of epochs, written anew after each; empty: none
  std::filesystem::path tensorboard;    // folder for event files; empty: none
  std::map<std::string, std::any> own;  // by name, what only a callback's card knows (train/callbacks/callback_card.h)
};

class Callback {
 public:
  virtual ~Callback() = default;
  // `replayed`: the epoch was run before the interruption; only state is to follow.
  virtual Status on_epoch(const EpochResult& epoch, bool replayed) = 0;
};

// The callbacks that the options ask for. The trainer and the clock must outlive them.
Result<std::vector<std::unique_ptr<Callback>>> make_callbacks(const CallbackOptions& options, Trainer& trainer,
                                                              const Clock& clock);

// The numbers of an epoch by name, in the order of to_json.
std::vector<std::pair<std::string, double>> numbers_of(const EpochResult& epoch);

// The number called `name` ("loss", "val_auc") of an epoch; an error when this run does not measure it.
Result<double> metric_of(const EpochResult& epoch, const std::string& name);

// Whether a greater value of a monitored name is better; an error for a name that is none.
Result<bool> greater_is_better(const std::string& name);

// The best value so far and how long ago it was. Pure state.
class BestKeeper {
 public:
  BestKeeper(bool greater, double min_delta) : greater_(greater), min_delta_(min_delta) {}
  // True when `value` is a new best.
  bool see(int64_t epoch, double value);
  double best() const { return best_; }
  int64_t epoch() const { return epoch_; }  // 0: none yet

 private:
  bool greater_;
  double min_delta_;
  double best_ = 0;
  int64_t epoch_ = 0;
};

// The factor that ReduceOnPlateau has come to. Pure state.
class Plateau {
 public:
  Plateau(const ReduceOnPlateau& options, bool greater, double learning_rate);
  double see(int64_t epoch, double value);

 private:
  ReduceOnPlateau options_;
  BestKeeper best_;
  double least_;  // factor
  double factor_ = 1;
  int64_t waiting_ = 0;
  int64_t resting_ = 0;
};

}  // namespace slipway::train
