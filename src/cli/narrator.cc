// Telling of epochs.
#include "cli/narrator.h"

#include <cmath>

#include <fmt/format.h>

#include "cli/format.h"

namespace slipway {

std::string metrics_text(const train::Evaluation& e, const char* prefix) {
  std::string text = fmt::format("{}loss {:.4f}", prefix, e.loss);
  if (e.accuracy) text += fmt::format("  {}accuracy {:.4f}", prefix, *e.accuracy);
  for (const auto& [name, value] : e.metrics.members()) {
    if (value.is_number()) text += fmt::format("  {}{} {:.4f}", prefix, name, value.as_double());
  }
  return text;
}

void Pace::begin(int64_t examples, double share, int64_t now_ns) {
  begin_ns_ = now_ns_ = now_ns;
  begin_examples_ = examples_ = examples;
  begin_share_ = share_ = share;
}

void Pace::see(int64_t examples, double share, int64_t left, int64_t now_ns) {
  examples_ = examples;
  share_ = share;
  left_ = left;
  now_ns_ = now_ns;
}

void Pace::finish_epoch(int64_t now_ns) {
  ++whole_epochs_;
  whole_ns_ += now_ns - begin_ns_;
}

std::string Pace::text() const {
  constexpr int64_t kEstimateNs = 2'000'000'000;  // earlier, what is left is a guess
  const int64_t elapsed = now_ns_ - begin_ns_;
  if (elapsed <= 0 || examples_ <= begin_examples_) return "";
  const double rate = static_cast<double>(examples_ - begin_examples_) * 1e9 / static_cast<double>(elapsed);
  std::string text = fmt::format("{} samples/s", human_count(std::llround(rate)));
  const bool over = share_ >= 1 && left_ == 0;
  if (share_ <= begin_share_ || elapsed + whole_ns_ < kEstimateNs || over) return text;
  const double by_this = static_cast<double>(elapsed) / (share_ - begin_share_);  // an epoch, by what was seen of it
  const double whole =
      whole_epochs_ > 0 ? static_cast<double>(whole_ns_) / static_cast<double>(whole_epochs_) : by_this;
  const double rest = (1 - share_) * by_this + static_cast<double>(left_) * whole;
  return text + "  ETA " + human_duration(std::llround(rest));
}

train::FitListener Narrator::listener() {
  train::FitListener listener;
  listener.step = [this](int64_t epoch, int64_t batch, int64_t batches, const train::Evaluation& so_far) {
    step(epoch, batch, batches, so_far);
  };
  listener.epoch = [this](const train::EpochResult& result) { epoch(result); };
  listener.note = [](const std::string& note) { fmt::print(stderr, "Note: {}\n", note); };
  return listener;
}

void Narrator::step(int64_t epoch, int64_t batch, int64_t batches, const train::Evaluation& so_far) {
  const double share = static_cast<double>(batch) / static_cast<double>(batches);
  if (epoch != told_epoch_) {
    told_epoch_ = epoch;
    progress_.begin(fmt::format("Epoch {}/{}", epoch, epochs_), batches);
    pace_.begin(so_far.examples, share, clock_.steady_ns());
  }
  // Formatting at every step of a small model would cost as much as the step.
  if (batch % 64 != 0 && batch != batches && !progress_.is_due()) return;
  pace_.see(so_far.examples, share, epochs_ - epoch, clock_.steady_ns());
  const std::string pace = pace_.text();
  progress_.update(batch, metrics_text(so_far, "") + (pace.empty() ? "" : "  " + pace));
}

void Narrator::epoch(const train::EpochResult& epoch) {
  pace_.finish_epoch(clock_.steady_ns());
  std::string note = metrics_text(epoch.train, "");
  if (epoch.validation) note += "  " + metrics_text(*epoch.validation, "val_");
  if (epoch.seconds > 0) {
    note += fmt::format("  {} samples/s",
                        human_count(std::llround(static_cast<double>(epoch.train.examples) / epoch.seconds)));
  }
  progress_.finish(note);
  if (!json_) return;
  fmt::print("{}\n", to_json(epoch).dump());
  std::fflush(stdout);  // who follows a log sees an epoch when it ends
}

}  // namespace slipway
