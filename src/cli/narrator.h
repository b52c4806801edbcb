// Narrator: tells of a training run's epochs as they go by.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "cli/progress.h"
#include "train/fit.h"

namespace slipway {

// "loss 0.1523  accuracy 0.9541", every name behind `prefix`.
std::string metrics_text(const train::Evaluation& evaluation, const char* prefix);

// How fast a run goes, from what it did since it began here. Pure.
class Pace {
 public:
  // An epoch whose first step here is done: examples and share of the epoch's steps so far.
  void begin(int64_t examples, double share, int64_t now_ns);
  // The epoch's examples so far, at the time; `share`: of the epoch's steps done, `left`: whole epochs behind it.
  void see(int64_t examples, double share, int64_t left, int64_t now_ns);
  // An epoch took so long, validation included.
  void finish_epoch(int64_t now_ns);
  // "12,345 samples/s  ETA 2 min 5 s"; the second part only once two seconds have gone by; empty before the first.
  std::string text() const;

 private:
  int64_t begin_ns_ = 0;  // of the epoch under way, and what was done of it by then
  int64_t begin_examples_ = 0;
  double begin_share_ = 0;
  int64_t now_ns_ = 0;
  int64_t whole_epochs_ = 0;  // seen from beginning to end
  int64_t whole_ns_ = 0;      // that they took
  int64_t examples_ = 0;
  double share_ = 0;
  int64_t left_ = 0;
};

// A bar, lines, or a JSON object per epoch; `quiet`: notes alone.
class Narrator {
 public:
  Narrator(bool json, bool quiet, int64_t epochs)
      : json_(json && !quiet), epochs_(epochs), progress_(progress_style(json || quiet, stderr), clock_, stderr) {}

  // Valid as long as the narrator.
  train::FitListener listener();

 private:
  void step(int64_t epoch, int64_t batch, int64_t batches, const train::Evaluation& so_far);
  void epoch(const train::EpochResult& epoch);

  bool json_;
  int64_t epochs_;
  int64_t told_epoch_ = 0;  // whose stretch has begun
  SystemClock clock_;
  Progress progress_;
  Pace pace_;
};

}  // namespace slipway
