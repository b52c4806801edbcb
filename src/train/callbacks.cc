// Callbacks: one class and one factory each.
#include "train/callbacks.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "train/metrics.h"
#include "train/tensorboard.h"

namespace slipway::train {

namespace {

class PlateauCallback final : public Callback {
 public:
  PlateauCallback(const ReduceOnPlateau& options, bool greater, Trainer& trainer)
      : monitor_(options.monitor),
        plateau_(options, greater, trainer.options().training.optimizer.learning_rate),
        trainer_(trainer) {}
  Status on_epoch(const EpochResult& epoch, bool) override {
    trainer_.set_rate_factor(plateau_.see(epoch.epoch, TRY(metric_of(epoch, monitor_))));
    return {};
  }

 private:
  std::string monitor_;
  Plateau plateau_;
  Trainer& trainer_;
};

// Numbers of an epoch by name, in the order of to_json.
std::vector<std::pair<std::string, double>> numbers_of(const EpochResult& epoch) {
  std::vector<std::pair<std::string, double>> numbers;
  Json json = to_json(epoch);
  for (const auto& [name, value] : json.members()) {
    if (value.is_number()) numbers.emplace_back(name, value.as_double());
  }
  return numbers;
}

class CsvLog final : public Callback {
 public:
  explicit CsvLog(std::filesystem::path path) : path_(std::move(path)) {}
  Status on_epoch(const EpochResult& epoch, bool replayed) override {
    std::string names, values;
    for (const auto& [name, value] : numbers_of(epoch)) {
      names += (names.empty() ? "" : ",") + name;
      values += fmt::format("{}{}", values.empty() ? "" : ",", value);
    }
    if (text_.empty()) text_ = names + "\n";
    text_ += values + "\n";
    if (replayed) return {};
    if (path_.has_parent_path()) RETURN_IF_ERROR(make_directories(path_.parent_path()));
    return write_file_atomic(path_, text_);
  }

 private:
  std::filesystem::path path_;
  std::string text_;
};

class TensorBoard final : public Callback {
 public:
  TensorBoard(std::filesystem::path folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}
  Status on_epoch(const EpochResult& epoch, bool replayed) override {
    if (replayed) return {};
    double now = static_cast<double>(clock_.now_us()) / 1e6;
    if (!file_) file_ = TRY(EventFile::create(folder_, now));
    std::vector<std::pair<std::string, double>> scalars = numbers_of(epoch);
    std::erase_if(scalars, [](const auto& scalar) { return scalar.first == "epoch" || scalar.first == "steps"; });
    return file_->add(now, epoch.epoch, scalars);
  }

 private:
  std::filesystem::path folder_;
  const Clock& clock_;
  std::optional<EventFile> file_;
};

using Made = Result<std::unique_ptr<Callback>>;  // nullptr: not asked for

Made plateau(const CallbackOptions& o, Trainer& trainer, const Clock&) {
  if (!o.reduce_lr_on_plateau) return std::unique_ptr<Callback>();
  bool greater = TRY(greater_is_better(o.reduce_lr_on_plateau->monitor));
  return std::unique_ptr<Callback>(new PlateauCallback(*o.reduce_lr_on_plateau, greater, trainer));
}
Made csv_log(const CallbackOptions& o, Trainer&, const Clock&) {
  return std::unique_ptr<Callback>(o.csv_log.empty() ? nullptr : new CsvLog(o.csv_log));
}
Made tensorboard(const CallbackOptions& o, Trainer&, const Clock& clock) {
  return std::unique_ptr<Callback>(o.tensorboard.empty() ? nullptr : new TensorBoard(o.tensorboard, clock));
}

constexpr Made (*kFactories[])(const CallbackOptions&, Trainer&, const Clock&) = {plateau, csv_log, tensorboard};

}  // namespace

Result<std::vector<std::unique_ptr<Callback>>> make_callbacks(const CallbackOptions& options, Trainer& trainer,
                                                              const Clock& clock) {
  std::vector<std::unique_ptr<Callback>> callbacks;
  for (auto factory : kFactories) {
    std::unique_ptr<Callback> callback = TRY(factory(options, trainer, clock));
    if (callback) callbacks.push_back(std::move(callback));
  }
  return callbacks;
}

Result<double> metric_of(const EpochResult& epoch, const std::string& name) {
  Json value = to_json(epoch)[name];
  if (value.is_number()) return value.as_double();
  return invalid(fmt::format("\"{}\" cannot be monitored: this run does not measure it{}", name,
                             name.starts_with("val_") ? "; set validation_split, and name it in metrics" : ""));
}

Result<bool> greater_is_better(const std::string& name) {
  std::string_view metric = name;
  if (metric.starts_with("val_")) metric.remove_prefix(4);
  return greater_metric_is_better(metric);
}

bool BestKeeper::see(int64_t epoch, double value) {
  bool better = epoch_ == 0 || (greater_ ? value > best_ + min_delta_ : value < best_ - min_delta_);
  if (!better) return false;
  best_ = value;
  epoch_ = epoch;
  return true;
}

Plateau::Plateau(const ReduceOnPlateau& options, bool greater, double learning_rate)
    : options_(options),
      best_(greater, options.min_delta),
      least_(learning_rate > 0 ? std::min(1.0, options.min_lr / learning_rate) : 0) {}

double Plateau::see(int64_t epoch, double value) {
  if (resting_ > 0) {
    --resting_;
    waiting_ = 0;
  }
  if (best_.see(epoch, value)) {
    waiting_ = 0;
  } else if (resting_ == 0 && ++waiting_ >= options_.patience) {
    factor_ = std::max(factor_ * options_.factor, least_);
    resting_ = options_.cooldown;
    waiting_ = 0;
  }
  return factor_;
}

}  // namespace slipway::train
