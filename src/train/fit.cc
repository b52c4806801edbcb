// The loop over epochs and what happens between them.
#include "train/fit.h"

#include <fmt/format.h>

#include "base/file.h"

namespace slipway::train {

namespace {

Evaluation evaluation_from_json(const Json& json, const std::string& prefix) {
  Evaluation e;
  e.loss = json[prefix + "loss"].as_double();
  if (json[prefix + "accuracy"].is_number()) e.accuracy = json[prefix + "accuracy"].as_double();
  return e;
}

EpochResult epoch_from_json(const Json& json) {
  EpochResult r;
  r.epoch = json["epoch"].as_int();
  r.train = evaluation_from_json(json, "");
  if (json["val_loss"].is_number()) {
    r.validation = evaluation_from_json(json, "val_");
    for (const auto& [name, value] : json.members()) {
      bool metric = name.starts_with("val_") && name != "val_loss" && name != "val_accuracy";
      if (metric) r.validation->metrics.set(name.substr(4), value);
    }
  }
  r.learning_rate = json["learning_rate"].as_double();
  r.seconds = json["seconds"].as_double();
  r.steps = json["steps"].as_int();
  return r;
}

class Fit {
 public:
  Fit(Trainer& trainer, const FitOptions& options, const FitListener& listener, std::string monitor, bool greater)
      : trainer_(trainer),
        options_(options),
        listener_(listener),
        monitor_(std::move(monitor)),
        keeper_(greater, options.early_stopping ? options.early_stopping->min_delta : 0) {}

  Result<FitResult> run() {
    if (keeps_files()) RETURN_IF_ERROR(make_directories(options_.checkpoints));
    callbacks_ = TRY(make_callbacks(options_.callbacks, trainer_, clock_));
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

  bool give_up(int64_t epoch) const {
    return options_.early_stopping && epoch - keeper_.epoch() >= options_.early_stopping->patience;
  }

  Json notes() const {
    Json epochs = Json::array();
    for (const EpochResult& epoch : result_.epochs) epochs.push(to_json(epoch));
    return Json::object({{"run", statement(trainer_.options())}, {"epochs", epochs}});
  }

  Status resume() {
    if (!keeps_files())
      return invalid("nothing to resume from: give --checkpoints DIR or callbacks.checkpoints in the recipe");
    Json notes = TRY(trainer_.restore(last_path()));
    result_.resumed = true;
    const std::string made = notes["run"].dump(), now = statement(trainer_.options()).dump();
    if (made != now && listener_.note) {
      listener_.note(
          fmt::format("the checkpoint was made by {}, this run is {}: its numbers may differ in the last bits "
                      "from those of a run that was never interrupted",
                      made, now));
    }
    for (const Json& json : notes["epochs"].items()) {
      result_.epochs.push_back(epoch_from_json(json));
      keeper_.see(result_.epochs.back().epoch, TRY(metric_of(result_.epochs.back(), monitor_)));
      for (auto& callback : callbacks_) RETURN_IF_ERROR(callback->on_epoch(result_.epochs.back(), true));
    }
    result_.stopped_early = give_up(trainer_.epoch());
    return {};
  }

  Status one_epoch() {
    EpochResult epoch = TRY(trainer_.run_epoch(listener_.step));
    result_.epochs.push_back(epoch);
    bool best = keeper_.see(epoch.epoch, TRY(metric_of(epoch, monitor_)));
    if (best && (keeps_files() || options_.early_stopping)) RETURN_IF_ERROR(trainer_.save(best_path(), notes()));
    if (keeps_files()) RETURN_IF_ERROR(trainer_.save(last_path(), notes()));
    for (auto& callback : callbacks_) RETURN_IF_ERROR(callback->on_epoch(epoch, false));
    result_.stopped_early = give_up(epoch.epoch);
    if (listener_.epoch) listener_.epoch(epoch);
    return {};
  }

  Trainer& trainer_;
  const FitOptions& options_;
  const FitListener& listener_;
  std::string monitor_;
  BestKeeper keeper_;
  FitResult result_;
  SystemClock clock_;
  std::vector<std::unique_ptr<Callback>> callbacks_;
  TemporaryDirectory scratch_;
};

}  // namespace

Result<FitResult> fit(Trainer& trainer, const FitOptions& options, const FitListener& listener) {
  std::string monitor = options.early_stopping ? options.early_stopping->monitor : options.monitor;
  if (!options.early_stopping && monitor.starts_with("val_") && !trainer.has_validation()) monitor = monitor.substr(4);
  bool greater = TRY(greater_is_better(monitor));
  return Fit(trainer, options, listener, monitor, greater).run();
}

}  // namespace slipway::train
