// Recorder: the path every answer takes through the monitor.
#include "monitor/recorder.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "sketch/answer.h"
#include "sketch/row_hash.h"

namespace slipway {

namespace {

// The elements as floats; undefined for what has none (strings).
Tensor as_floats(const Tensor& tensor) {
  if (!tensor.defined() || tensor.dtype() == DType::string) return {};
  return tensor.dtype() == DType::f32 ? tensor : tensor.cast(DType::f32);
}

}  // namespace

Recorder::Recorder(WindowOptions options, std::shared_ptr<const Baseline> baseline) : options_(options) {
  set_baseline(std::move(baseline));
}

void Recorder::set_baseline(std::shared_ptr<const Baseline> baseline) {
  baseline_ = std::move(baseline);
  edges_ = baseline_ ? baseline_->edges() : nullptr;
  chosen_ = baseline_ ? baseline_->chosen() : std::vector<int64_t>{};
  restart();
}

void Recorder::restart() {
  total_.merge(open_, false);
  pending_.merge(open_, false);
  buckets_.clear();
  open_ = Window::fitting(baseline_.get());
  oldest_recent_ = ++bucket_;
  point_ = Window();
  point_from_us_ = last_seen_us_;
  longest_gap_us_ = 0;
  stride_ = 1;
  until_next_ = 0;
  until_sparser_ = options_.sampled_rows;
  kept_.clear();
  kept_next_ = 0;
}

void Recorder::release() {
  restart();
  buckets_.shrink_to_fit();
  kept_.shrink_to_fit();
  memory_.release();
  points_.clear();
  points_.shrink_to_fit();
}

void Recorder::observe(const Observation& o) {
  if (last_seen_us_ != 0) longest_gap_us_ = std::max(longest_gap_us_, o.time_us - last_seen_us_);
  last_seen_us_ = std::max(last_seen_us_, o.time_us);
  seal(last_seen_us_);
  if (open_.requests == 0) open_.start_us = last_seen_us_;
  open_.end_us = last_seen_us_;
  ++open_.requests;
  ++open_.codes[static_cast<size_t>(o.code)];
  if (o.code != Code::ok) return;
  open_.total.add(static_cast<double>(o.total_ns) * 1e-9);
  open_.queue.add(static_cast<double>(o.queue_ns) * 1e-9);
  open_.compute.add(static_cast<double>(o.compute_ns) * 1e-9);
  open_.rows += o.rows;
  if (o.rows > 0) observe_rows(o);
}

void Recorder::observe_rows(const Observation& o) {
  Tensor input = as_floats(o.input);
  Tensor output = as_floats(o.output);
  std::span<const float> x = input.defined() ? input.data<float>() : std::span<const float>();
  std::span<const float> y = output.defined() ? output.data<float>() : std::span<const float>();
  const size_t rows = static_cast<size_t>(o.rows);
  const size_t width = x.size() % rows == 0 ? x.size() / rows : 0;
  const size_t outputs = y.size() % rows == 0 ? y.size() / rows : 0;
  const bool comparable = edges_ != nullptr && baseline_->width == static_cast<int64_t>(width);
  std::optional<size_t> first;  // of a run of rows that count
  bool kept = false;
  for (size_t r = 0; r <= rows; ++r) {
    const bool counts = r < rows && observe_row(x.subspan(r * width, width), y.subspan(r * outputs, outputs));
    if (counts && !first) first = r;
    if (counts || !first) continue;
    if (comparable) {
      count_features(x.subspan(*first * width, (r - *first) * width), static_cast<int64_t>(width));
      if (!std::exchange(kept, true)) keep_row(x.data() + *first * width, static_cast<int64_t>(width));
    }
    first.reset();
  }
}

bool Recorder::is_repeat(std::span<const float> input, const RowSummary& summary) {
  const uint64_t hash = row_hash(input, summary);
  open_.inputs.add(hash);
  if (baseline_ != nullptr && baseline_->discrete) return false;
  if (memory_.count(hash, bucket_, oldest_recent_)) return false;
  return baseline_ == nullptr || baseline_->common_rows.empty() || !baseline_->common(hash);
}

bool Recorder::observe_row(std::span<const float> input, std::span<const float> output) {
  const RowSummary summary = summarize_row(input);
  if (!summary.finite) {
    ++open_.invalid_inputs;
    note_invalid(input);
    return false;
  }
  const bool repeat = !input.empty() && is_repeat(input, summary);
  if (!input.empty() && !repeat) {
    ++open_.independent_rows;
    open_.row_mean.add(summary.mean);
    open_.row_deviation.add(summary.deviation);
    open_.row_mean_histogram.add(summary.mean);
    open_.row_deviation_histogram.add(summary.deviation);
  }
  const RowAnswer answer = read_answer(output);
  if (!answer.finite) {
    ++open_.invalid_outputs;
  } else if (repeat) {
    if (answer.category >= 0) open_.repeated_classes.add(answer.category);
  } else {
    observe_answer(answer, output.size() == 1, input.empty() ? std::nullopt : std::optional(summary.mean));
  }
  return !repeat;
}

void Recorder::observe_answer(const RowAnswer& answer, bool single, std::optional<float> row_mean) {
  if (single) {
    open_.value.add(answer.value);
    open_.value_histogram.add(answer.value);
  }
  if (answer.category < 0) return;
  open_.classes.add(answer.category);
  open_.confidence.add(answer.confidence);
  open_.confidence_histogram.add(answer.confidence);
  const size_t category = static_cast<size_t>(answer.category);
  if (category >= kClassLimit || !row_mean) return;
  if (category >= open_.class_row_mean.size()) open_.class_row_mean.resize(category + 1);
  open_.class_row_mean[category].add(*row_mean);
}

// Where, for the first few of the row.
void Recorder::note_invalid(std::span<const float> row) {
  constexpr int kMost = 8;
  int found = 0;
  for (size_t i = 0; i < row.size() && found < kMost; ++i) {
    if (std::isfinite(row[i])) continue;
    open_.invalid_features.add(static_cast<int64_t>(i));
    ++found;
  }
}

void Recorder::count_features(std::span<const float> rows, int64_t width) {
  if (!open_.features.defined()) open_.features = FeatureCounts(edges_);
  const int64_t count = static_cast<int64_t>(rows.size()) / width;
  if (stride_ == 1 && count <= until_sparser_ && chosen_.empty()) {
    open_.features.add(rows.data(), count);
    until_sparser_ -= count;
    return;
  }
  for (int64_t r = 0; r < count; ++r) {
    if (until_next_-- > 0) continue;
    if (until_sparser_ == 0) {
      stride_ *= 2;
      until_sparser_ = options_.sampled_rows / 2;
    }
    until_next_ = stride_ - 1;
    --until_sparser_;
    open_.features.add(chosen_of(rows.data() + r * width), 1);
  }
}

// The counted features of a row.
const float* Recorder::chosen_of(const float* row) {
  if (chosen_.empty()) return row;
  gathered_.resize(chosen_.size());
  for (size_t i = 0; i < chosen_.size(); ++i) gathered_[i] = row[chosen_[i]];
  return gathered_.data();
}

// Every request's first row until there are enough, then every eighth's: copying is a good part of what a row costs.
void Recorder::keep_row(const float* row, int64_t width) {
  const size_t kept_width = chosen_.empty() ? static_cast<size_t>(width) : chosen_.size();
  const bool filling = kept_.size() < kKeptRows * kept_width;
  if (!filling && ++kept_skipped_ < 8) return;
  kept_skipped_ = 0;
  const float* from = chosen_of(row);
  if (filling) {
    kept_.insert(kept_.end(), from, from + kept_width);
  } else {
    std::copy(from, from + kept_width, kept_.begin() + static_cast<std::ptrdiff_t>(kept_next_ * kept_width));
    kept_next_ = (kept_next_ + 1) % kKeptRows;
  }
}

Window Recorder::count_rows(const std::vector<float>& rows, const Baseline& baseline) {
  Window window = Window::fitting(&baseline);
  const size_t width = baseline.features.size();
  if (width == 0 || rows.size() % width != 0) return window;
  window.features = FeatureCounts(baseline.edges());
  for (size_t at = 0; at < rows.size(); at += width) {
    std::span<const float> row(rows.data() + at, width);
    const RowSummary summary = summarize_row(row);
    ++window.rows;
    ++window.independent_rows;
    window.row_mean.add(summary.mean);
    window.row_deviation.add(summary.deviation);
    window.row_mean_histogram.add(summary.mean);
    window.row_deviation_histogram.add(summary.deviation);
    window.inputs.add(row_hash(row, summary));
    window.features.add(row.data(), 1);
  }
  return window;
}

void Recorder::seal(int64_t now_us) {
  if (open_.requests == 0) return;
  const int64_t age = now_us - open_.start_us;
  const bool full = open_.rows >= options_.bucket_rows && age >= options_.bucket_us / 10;
  const bool enough = age >= options_.bucket_us && std::max(open_.rows, open_.requests) >= options_.bucket_few_rows;
  if (full || enough || age >= options_.bucket_us * 10) seal_open();
}

void Recorder::seal_open() {
  if (open_.requests == 0) return;
  extend_point();
  total_.merge(open_, false);
  pending_.merge(open_, false);
  buckets_.push_back(std::move(open_));
  if (buckets_.size() > options_.buckets) buckets_.pop_front();
  const int64_t end_us = buckets_.back().end_us;
  open_ = Window::fitting(baseline_.get());
  ++bucket_;
  oldest_recent_ = bucket_ - static_cast<uint32_t>(buckets_.size() - recent_begin(end_us));
  stride_ = 1;
  until_next_ = 0;
  until_sparser_ = options_.sampled_rows;
}

// `window` with the silence before it.
Point Recorder::point_of_stretch(const Window& window) const {
  Point point = point_of(window);
  if (point_from_us_ != 0) {
    point.seconds = std::max(point.seconds, static_cast<double>(window.end_us - point_from_us_) * 1e-6);
    point.rate = static_cast<double>(point.requests) / point.seconds;
  }
  point.longest_gap = static_cast<double>(longest_gap_us_) * 1e-6;
  point.troubled = point_troubled_;
  return point;
}

void Recorder::extend_point() {
  if (point_.requests == 0 && point_from_us_ == 0) point_from_us_ = open_.start_us;
  point_.merge(open_, false);
  const int64_t age = point_.end_us - point_from_us_;
  const bool full = age >= options_.point_us && point_.requests >= options_.point_requests;
  if (!full && age < options_.point_us * 12) return;
  points_.push_back(point_of_stretch(point_));
  if (points_.size() > options_.points) points_.pop_front();
  point_from_us_ = point_.end_us;
  point_ = Window();
  longest_gap_us_ = 0;
  point_troubled_ = troubled_;
}

std::vector<Point> Recorder::all_points() const {
  std::vector<Point> all(points_.begin(), points_.end());
  Window rest = point_;
  rest.merge(open_, false);
  if (rest.requests > 0) all.push_back(point_of_stretch(rest));
  return all;
}

void Recorder::set_troubled(bool troubled) {
  troubled_ = troubled;
  point_troubled_ = point_troubled_ || troubled;
}

Window Recorder::total() const {
  Window merged = total_;
  merged.merge(open_, false);
  return merged;
}

Window Recorder::take_pending() {
  Window taken = std::move(pending_);
  pending_ = Window();
  return taken;
}

// The first sealed window that counts as recent.
size_t Recorder::recent_begin(int64_t now_us) const {
  int64_t rows = std::max(open_.rows, open_.requests);
  size_t begin = buckets_.size();
  while (begin > 0 && rows < options_.recent_rows && now_us - buckets_[begin - 1].end_us <= options_.recent_us) {
    --begin;
    rows += std::max(buckets_[begin].rows, buckets_[begin].requests);
  }
  return begin;
}

Window Recorder::recent(int64_t now_us) const {
  Window merged = Window::fitting(baseline_.get());
  for (size_t i = recent_begin(now_us); i < buckets_.size(); ++i) merged.merge(buckets_[i]);
  if (now_us - open_.end_us <= options_.recent_us) merged.merge(open_);
  return merged;
}

Window Recorder::older(int64_t now_us) const {
  Window merged = Window::fitting(baseline_.get());
  const size_t begin = recent_begin(now_us);
  for (size_t i = 0; i < begin; ++i) merged.merge(buckets_[i], false);
  return merged;
}

}  // namespace slipway
