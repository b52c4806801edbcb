// The loop over epochs and what happens between them.
#include "train/fit.h"

#include <fmt/format.h>

#include "base/file.h"

namespace slipway::train {

namespace {

Result<double> metric_of(const EpochResult& r, const std::string& name) {
  Json value = to_json(r)[name];
  if (value.is_number()) return value.as_double();
  return invalid(fmt::format("\"{}\" cannot be monitored: this run does not measure it{}", name,
                             name.starts_with("val_") ? "; set validation_split" : ""));
}

EpochResult epoch_from_json(const Json& json) {
  EpochResult r;
  r.epoch = json["epoch"].as_int();
  r.train.loss = json["loss"].as_double();
  if (json["accuracy"].is_number()) r.train.accuracy = json["accuracy"].as_double();
  if (json["val_loss"].is_number()) r.validation = Evaluation{0, json["val_loss"].as_double(), std::nullopt};
  if (json["val_accuracy"].is_number()) r.validation->accuracy = json["val_accuracy"].as_double();
  r.seconds = json["seconds"].as_double();
  r.steps = json["steps"].as_int();
  return r;
}

// The best value so far and how long ago it was.
class BestKeeper {
 public:
  BestKeeper(const FitOptions& options, bool greater) : options_(options), greater_(greater) {}

  // True when `value` is a new best.
  bool see(int64_t epoch, double value) {
    double margin = options_.early_stopping ? options_.early_stopping->min_delta : 0;
    bool better = epoch_ == 0 || (greater_ ? value > best_ + margin : value < best_ - margin);
    if (!better) return false;
    best_ = value;
    epoch_ = epoch;
    return true;
  }
  bool give_up(int64_t epoch) const {
    return options_.early_stopping && epoch - epoch_ >= options_.early_stopping->patience;
  }
  double best() const { return best_; }
  int64_t epoch() const { return epoch_; }

 private:
  const FitOptions& options_;
  bool greater_;
  double best_ = 0;
  int64_t epoch_ = 0;
};

class Fit {
 public:
  Fit(Trainer& trainer, const FitOptions& options, const FitListener& listener, std::string monitor, bool greater)
      : trainer_(trainer),
        options_(options),
        listener_(listener),
        monitor_(std::move(monitor)),
        keeper_(options, greater) {}

  Result<FitResult> run() {
    if (keeps_files()) RETURN_IF_ERROR(make_directories(options_.checkpoints));
    if (options_.resume) RETURN_IF_ERROR(resume());
    while (trainer_.epoch() < trainer_.options().epochs && !result_.stopped_early) RETURN_IF_ERROR(one_epoch());
    bool restore =
        options_.early_stopping && options_.early_stopping->restore_best && keeper_.epoch() != trainer_.epoch();
    if (restore) RETURN_IF_ERROR(trainer_.restore(best_path()).status());
    result_.best = keeper_.best();
    result_.best_epoch = keeper_.epoch();
    return result_;
  }

 private:
  bool keeps_files() const { return !options_.checkpoints.empty(); }
  std::filesystem::path last_path() const { return options_.checkpoints / "last.safetensors"; }
  std::filesystem::path best_path() const {
    return (keeps_files() ? options_.checkpoints : scratch_.path()) / "best.safetensors";
  }

  Json notes() const {
    Json epochs = Json::array();
    for (const EpochResult& epoch : result_.epochs) epochs.push(to_json(epoch));
    return Json::object({{"epochs", epochs}});
  }

  Status resume() {
    if (!keeps_files())
      return invalid("nothing to resume from: give --checkpoints DIR or callbacks.checkpoints in the recipe");
    Json notes = TRY(trainer_.restore(last_path()));
    result_.resumed = true;
    for (const Json& json : notes["epochs"].items()) {
      result_.epochs.push_back(epoch_from_json(json));
      keeper_.see(result_.epochs.back().epoch, TRY(metric_of(result_.epochs.back(), monitor_)));
    }
    result_.stopped_early = keeper_.give_up(trainer_.epoch());
    return {};
  }

  Status one_epoch() {
    EpochResult epoch = TRY(trainer_.run_epoch(listener_.step));
    result_.epochs.push_back(epoch);
    bool best = keeper_.see(epoch.epoch, TRY(metric_of(epoch, monitor_)));
    if (best && (keeps_files() || options_.early_stopping)) RETURN_IF_ERROR(trainer_.save(best_path(), notes()));
    if (keeps_files()) RETURN_IF_ERROR(trainer_.save(last_path(), notes()));
    result_.stopped_early = keeper_.give_up(epoch.epoch);
    if (listener_.epoch) listener_.epoch(epoch);
    return {};
  }

  Trainer& trainer_;
  const FitOptions& options_;
  const FitListener& listener_;
  std::string monitor_;
  BestKeeper keeper_;
  FitResult result_;
  TemporaryDirectory scratch_;
};

}  // namespace

Result<bool> greater_is_better(const std::string& metric) {
  std::string_view name = metric;
  if (name.starts_with("val_")) name.remove_prefix(4);
  if (name == "loss") return false;
  if (name == "accuracy") return true;
  return invalid(fmt::format("metric \"{}\" is not known; expected loss, accuracy, val_loss or val_accuracy", metric));
}

Result<FitResult> fit(Trainer& trainer, const FitOptions& options, const FitListener& listener) {
  std::string monitor = options.early_stopping ? options.early_stopping->monitor : options.monitor;
  if (!options.early_stopping && monitor.starts_with("val_") && !trainer.has_validation()) monitor = monitor.substr(4);
  bool greater = TRY(greater_is_better(monitor));
  return Fit(trainer, options, listener, monitor, greater).run();
}

}  // namespace slipway::train
