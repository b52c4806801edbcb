// Recorder: puts the answers of one version into a ring of small windows and hands out merged ones.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "monitor/row_memory.h"
#include "monitor/window.h"
#include "runtime/observation.h"
#include "sketch/answer.h"

namespace slipway {

// A small window is sealed when it holds `bucket_rows` rows and is `bucket_us` / 10 old, when it holds a few and is
// `bucket_us` old, or when it is ten times as old; so it is short under load and still holds something when idle.
struct WindowOptions {
  int64_t bucket_rows = 128;
  int64_t bucket_us = 1'000'000;
  int64_t bucket_few_rows = 8;
  size_t buckets = 64;              // kept
  int64_t recent_rows = 400;        // what detectors look at: the newest windows that hold this many rows ...
  int64_t recent_us = 300'000'000;  // ... and are not older than this
  int64_t point_us = 5'000'000;     // a point of the time series is of at least so long ...
  int64_t point_requests = 8;       // ... and so many requests, or of twelve times as long
  size_t points = 600;              // kept
  int64_t sampled_rows = 1024;      // per small window whose every feature is counted; then ever fewer
};

inline constexpr size_t kKeptRows = 160;

// Repeats prove nothing: a client that sends one image a thousand times has sent one image. A row counts once among the
// recent rows, the rest are repeats. Where training data repeat rows by themselves (columns of few categories, a row of
// zeros that stands for "nothing"), rows that training data hold again and again count every time; and where most of
// the training data are such rows, all rows do, since there a repeat is no sign of one source.
//
// Not thread-safe.
class Recorder {
 public:
  explicit Recorder(WindowOptions options = {}, std::shared_ptr<const Baseline> baseline = nullptr);

  // Windows so far are forgotten when the baseline changes; totals stay.
  void set_baseline(std::shared_ptr<const Baseline> baseline);
  const std::shared_ptr<const Baseline>& baseline() const { return baseline_; }

  void observe(const Observation& observation);
  // Closes the open window when it is due.
  void seal(int64_t now_us);
  // Whatever its age.
  void seal_open();
  // Forgets the windows, so that what comes is seen by itself; totals and points stay, though no point spans it.
  void restart();
  // Gives back the memory of windows and points.
  void release();

  // The newest rows; what is older.
  Window recent(int64_t now_us) const;
  Window older(int64_t now_us) const;
  // Oldest first.
  const std::deque<Point>& points() const { return points_; }
  // What began to be a point, and the points: for whoever needs what was usual though it did not last long.
  std::vector<Point> all_points() const;
  // Points from now on are no examples of what is usual, the one under way included (true), or are again (false).
  void set_troubled(bool troubled);
  // Since the beginning, without the parts that belong to a baseline.
  Window total() const;
  void restore_total(Window total) { total_ = std::move(total); }
  // Input rows [n, width of the features] of the newest requests, one of each of some; n <= kKeptRows.
  const std::vector<float>& kept_rows() const { return kept_; }
  // What `baseline` would have counted of input rows kept by another recorder; empty when their widths differ.
  static Window count_rows(const std::vector<float>& rows, const Baseline& baseline);

  // Since the last call, for the journal.
  Window take_pending();
  int64_t last_seen_us() const { return last_seen_us_; }

 private:
  void observe_rows(const Observation& observation);
  // True when its features are to be counted.
  bool observe_row(std::span<const float> input, std::span<const float> output);
  bool is_repeat(std::span<const float> input, const RowSummary& summary);
  void count_features(std::span<const float> rows, int64_t width);
  void keep_row(const float* row, int64_t width);
  void observe_answer(const RowAnswer& answer, bool single, std::optional<float> row_mean);
  void note_invalid(std::span<const float> row);
  void extend_point();
  Point point_of_stretch(const Window& window) const;
  const float* chosen_of(const float* row);
  size_t recent_begin(int64_t now_us) const;

  WindowOptions options_;
  std::shared_ptr<const Baseline> baseline_;
  std::shared_ptr<const FeatureEdges> edges_;
  std::vector<int64_t> chosen_;  // positions of counted features; empty: all
  std::deque<Window> buckets_;   // sealed, oldest first
  Window open_;
  std::deque<Point> points_;
  Window point_;                 // sealed windows since the last point
  int64_t point_from_us_ = 0;    // the last answer before them
  int64_t longest_gap_us_ = 0;   // between answers since then
  bool troubled_ = false;        // now
  bool point_troubled_ = false;  // at some time since the last point
  Window total_;
  Window pending_;
  int64_t last_seen_us_ = 0;
  RowMemory memory_;
  uint32_t bucket_ = 1;         // number of the open window
  uint32_t oldest_recent_ = 1;  // of the oldest window that is recent
  int64_t stride_ = 1;          // every stride-th row has its features counted
  int64_t until_next_ = 0;
  int64_t until_sparser_ = 0;
  std::vector<float> gathered_;
  std::vector<float> kept_;
  size_t kept_next_ = 0;      // the slot that the next kept row takes
  int64_t kept_skipped_ = 0;  // requests since the last kept one
};

}  // namespace slipway
