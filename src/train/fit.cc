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
    while (!result_.interrupted && !result_.stopped_early && trainer_.epoch() < trainer_.options().epochs) {
      RETURN_IF_ERROR(one_epoch());
    }
    if (keeps_files()) RETURN_IF_ERROR(save_what_is_new());
    if (!result_.interrupted && restores() && keeper_.epoch() != trainer_.epoch()) RETURN_IF_ERROR(restore_best());
    result_.monitor = monitor_;
    result_.best = keeper_.best();
    result_.best_epoch = keeper_.epoch();
    result_.kept_epoch = trainer_.epoch();
    return result_;
  }

 private:
  bool keeps_files() const { return !options_.checkpoints.empty(); }
  std::filesystem::path last_path() const { return options_.checkpoints / "last.safetensors"; }
  std::filesystem::path best_path() const { return options_.checkpoints / "best.safetensors"; }

  bool restores() const {
    if (options_.early_stopping) return options_.early_stopping->restore_best;
    return options_.restore_best && trainer_.has_validation();
  }

  // The best of this process, else that of the run it goes on from.
  Status restore_best() {
    if (best_) return trainer_.set_state(*best_);
    return trainer_.restore(best_path()).status();
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
      if (listener_.resumed) listener_.resumed(result_.epochs.back());
    }
    result_.stopped_early = give_up(trainer_.epoch());
    saved_ = true;
    return {};
  }

  Status one_epoch() {
    result_.interrupted = listener_.stop && listener_.stop();
    if (result_.interrupted) return {};
    Result<EpochResult> run = trainer_.run_epoch(listener_.step, listener_.stop);
    result_.interrupted = run.status().code() == Code::cancelled;
    if (result_.interrupted) {
      saved_last_ = false;
      return {};
    }
    RETURN_IF_ERROR(run.status());
    const EpochResult& epoch = *run;
    result_.epochs.push_back(epoch);
    saved_last_ = false;
    if (keeper_.see(epoch.epoch, TRY(metric_of(epoch, monitor_))) && (keeps_files() || restores())) {
      best_ = TRY(trainer_.state());
      best_notes_ = notes();
      saved_best_ = false;
    }
    if (keeps_files() && is_time_to_save()) RETURN_IF_ERROR(save_what_is_new());
    for (auto& callback : callbacks_) RETURN_IF_ERROR(callback->on_epoch(epoch, false));
    result_.stopped_early = give_up(epoch.epoch);
    if (listener_.epoch) listener_.epoch(epoch);
    return {};
  }

  bool is_time_to_save() const {
    constexpr int64_t kTimesItsCost = 50;
    if (options_.saving == Saving::every_epoch || !saved_) return true;
    return clock_.steady_ns() - saved_ns_ >= kTimesItsCost * save_cost_ns_;
  }

  // The best first: a last checkpoint names an epoch as the best whose file must be there.
  Status save_what_is_new() {
    const int64_t begin = clock_.steady_ns();
    Status status;
    if (best_ && !saved_best_) status = trainer_.save(*best_, best_path(), best_notes_);
    saved_best_ = saved_best_ || status.ok();
    if (saved_best_ && !restores()) best_.reset();
    if (status.ok() && !saved_last_) status = trainer_.save(TRY(trainer_.state()), last_path(), notes());
    saved_last_ = saved_last_ || status.ok();
    saved_ns_ = clock_.steady_ns();
    save_cost_ns_ = saved_ns_ - begin;
    if (!status.ok() && !saved_) return status;
    if (!status.ok() && listener_.note) listener_.note(status.message() + "; the checkpoint before it stays");
    saved_ = true;
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
  std::optional<TrainerState> best_;  // as it was found in this process
  Json best_notes_;
  bool saved_best_ = true;  // the files are those of the newest best, and of the last step
  bool saved_last_ = true;
  bool saved_ = false;  // once
  int64_t saved_ns_ = 0;
  int64_t save_cost_ns_ = 0;
};

}  // namespace

Result<FitResult> fit(Trainer& trainer, const FitOptions& options, const FitListener& listener) {
  std::string monitor = options.early_stopping ? options.early_stopping->monitor : options.monitor;
  if (!options.early_stopping && monitor.starts_with("val_") && !trainer.has_validation()) monitor = monitor.substr(4);
  bool greater = TRY(greater_is_better(monitor));
  return Fit(trainer, options, listener, monitor, greater).run();
}

}  // namespace slipway::train
