// BaselineBuilder: exact moments, quantiles from a reservoir of rows.
//
// Reservoir: J. S. Vitter, "Random sampling with a reservoir", 1985, algorithm R. Moments by sums of shifted values:
// T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample variance", 1983.
#include "sketch/baseline_builder.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/utf8.h"
#include "sketch/answer.h"
#include "sketch/row_hash.h"
#include "sketch/significance.h"

namespace slipway {

namespace {

constexpr double kStable = 0.1;  // of the population stability index: the same spread, by custom
constexpr double kWorstCalibration = 0.1;

double share(int64_t k, int64_t n) { return static_cast<double>(k) / static_cast<double>(n); }

Histogram histogram_of(const std::vector<float>& sample, int bins) {
  Histogram histogram(quantile_edges(sample, bins));
  for (float x : sample) histogram.add(x);
  return histogram;
}

}  // namespace

BaselineBuilder::BaselineBuilder(int64_t width, int64_t outputs, BaselineOptions options)
    : width_(width),
      outputs_(outputs),
      options_(std::move(options)),
      random_(options_.seed),
      confidence_histogram_(confidence_bins()) {
  CHECK(width_ > 0 && outputs_ > 0 && options_.bins >= 2 && options_.sample_rows > 0, "sizes of a baseline");
  int64_t kept = std::min(width_, options_.max_features);
  for (int64_t i = 0; i < kept; ++i) chosen_.push_back(i * width_ / kept);
  size_t n = chosen_.size();
  gathered_.assign(n, 0);
  shift_.assign(n, 0);
  sums_.assign(n, 0);
  squares_.assign(n, 0);
  least_.assign(n, 0);
  most_.assign(n, 0);
  for (Answers* answers : {&given_, &right_}) {
    answers->classes.assign(static_cast<size_t>(std::max<int64_t>(outputs_, 2)), 0);
    answers->class_row_mean.resize(answers->classes.size());
  }
}

void BaselineBuilder::Answers::add(int64_t category, float mean) {
  if (category < 0 || category >= static_cast<int64_t>(classes.size())) return;
  ++classes[static_cast<size_t>(category)];
  class_row_mean[static_cast<size_t>(category)].add(mean);
}

Status BaselineBuilder::add(std::span<const float> inputs, std::span<const float> outputs, int64_t rows,
                            std::span<const float> truth) {
  if (!truth.empty() && static_cast<int64_t>(truth.size()) != rows) {
    return invalid(fmt::format("baseline: {} right answers were expected, found {}", rows, truth.size()));
  }
  if (rows < 0 || static_cast<int64_t>(inputs.size()) != rows * width_ ||
      static_cast<int64_t>(outputs.size()) != rows * outputs_) {
    return invalid(
        fmt::format("baseline: {} rows of {} inputs and {} outputs were expected, found {} inputs and {} outputs", rows,
                    width_, outputs_, inputs.size(), outputs.size()));
  }
  for (int64_t r = 0; r < rows; ++r) {
    add_row(inputs.subspan(static_cast<size_t>(r * width_), static_cast<size_t>(width_)),
            outputs.subspan(static_cast<size_t>(r * outputs_), static_cast<size_t>(outputs_)),
            truth.empty() ? nullptr : &truth[static_cast<size_t>(r)]);
  }
  return {};
}

void BaselineBuilder::add_row(std::span<const float> row, std::span<const float> output, const float* truth) {
  RowSummary summary = summarize_row(row);
  RowAnswer answer = read_answer(output);
  if (!summary.finite || !answer.finite) {
    ++left_out_;
    return;
  }
  add_features(row);
  row_mean_.add(summary.mean);
  row_deviation_.add(summary.deviation);
  if (outputs_ == 1) given_.value.add(answer.value);
  if (answer.category >= 0) {
    given_.add(answer.category, summary.mean);
    confidence_.add(answer.confidence);
    confidence_histogram_.add(answer.confidence);
  }
  if (truth != nullptr) {
    ++known_;
    if (outputs_ == 1) {
      right_.value.add(*truth);
      squared_error_.add(std::pow(static_cast<double>(answer.value) - *truth, 2));
    }
    if (answer.category >= 0 && *truth == std::floor(*truth)) {
      ++named_;
      right_.add(static_cast<int64_t>(*truth), summary.mean);
      correct_ += answer.category == static_cast<int64_t>(*truth);
    }
  }
  keep_in_sample(row, summary, answer.value, truth);
  ++rows_;
}

void BaselineBuilder::add_features(std::span<const float> row) {
  const size_t n = chosen_.size();
  const float* x = row.data();
  if (n < row.size()) {
    for (size_t i = 0; i < n; ++i) gathered_[i] = row[static_cast<size_t>(chosen_[i])];
    x = gathered_.data();
  }
  if (rows_ == 0) {
    std::copy(x, x + n, shift_.begin());
    std::copy(x, x + n, least_.begin());
    std::copy(x, x + n, most_.begin());
  }
#pragma omp simd
  for (size_t i = 0; i < n; ++i) {
    const double d = static_cast<double>(x[i]) - shift_[i];
    sums_[i] += d;
    squares_[i] += d * d;
    least_[i] = x[i] < least_[i] ? x[i] : least_[i];
    most_[i] = x[i] > most_[i] ? x[i] : most_[i];
  }
}

void BaselineBuilder::keep_in_sample(std::span<const float> row, const RowSummary& summary, float value,
                                     const float* truth) {
  int64_t slot = rows_;
  if (slot >= options_.sample_rows) {
    slot = static_cast<int64_t>(random_.below(static_cast<uint64_t>(rows_) + 1));
    if (slot >= options_.sample_rows) return;
  } else {
    sample_.resize(sample_.size() + chosen_.size());
    sample_mean_.push_back(0);
    sample_deviation_.push_back(0);
    given_.sample_value.push_back(0);
    right_.sample_value.push_back(0);
  }
  size_t at = static_cast<size_t>(slot);
  for (size_t i = 0; i < chosen_.size(); ++i) {
    sample_[at * chosen_.size() + i] = row[static_cast<size_t>(chosen_[i])];
  }
  sample_mean_[at] = summary.mean;
  sample_deviation_[at] = summary.deviation;
  given_.sample_value[at] = value;
  right_.sample_value[at] = truth == nullptr ? 0 : *truth;
}

std::string BaselineBuilder::feature_name(int64_t index) const {
  if (index < static_cast<int64_t>(options_.names.size())) return printable(options_.names[static_cast<size_t>(index)]);
  std::vector<int64_t> at(options_.row_shape.size());
  int64_t rest = index;
  for (size_t i = at.size(); i > 0; --i) {
    at[i - 1] = rest % options_.row_shape[i - 1];
    rest /= options_.row_shape[i - 1];
  }
  if (at.empty() || rest != 0) return fmt::format("x[{}]", index);
  return fmt::format("x[{}]", fmt::join(at, ", "));
}

Result<Baseline> BaselineBuilder::build() const {
  if (rows_ == 0) return failed_precondition("baseline: no finite row was added, so there is nothing to compare with");
  Baseline b;
  b.rows = rows_;
  b.width = width_;
  b.outputs = outputs_;
  b.left_out = left_out_;
  const double n = static_cast<double>(rows_);
  std::vector<float> column(sample_mean_.size());
  for (size_t i = 0; i < chosen_.size(); ++i) {
    for (size_t r = 0; r < column.size(); ++r) column[r] = sample_[r * chosen_.size() + i];
    double m2 = std::max(0.0, squares_[i] - sums_[i] * sums_[i] / n);
    b.features.push_back({chosen_[i], feature_name(chosen_[i]),
                          Moments(rows_, shift_[i] + sums_[i] / n, m2, least_[i], most_[i]),
                          histogram_of(column, options_.bins)});
  }
  CommonRows common = common_rows(sample_, chosen_.size());
  b.common_rows = std::move(common.hashes);
  b.discrete = common.discrete;
  b.row_mean = {-1, "row mean", row_mean_, histogram_of(sample_mean_, options_.bins)};
  b.row_deviation = {-1, "row deviation", row_deviation_, histogram_of(sample_deviation_, options_.bins)};
  const bool truth = measured_by_truth();
  const Answers& answers = truth ? right_ : given_;
  b.answers_from = truth ? "labels" : "itself";
  b.value = {-1, "output", answers.value,
             outputs_ == 1 ? histogram_of(answers.sample_value, options_.bins) : Histogram()};
  b.classes = answers.classes;
  b.class_row_mean = answers.class_row_mean;
  for (const std::string& name : options_.class_names) b.class_names.push_back(printable(name));
  const bool off = named_ > 0 && std::abs(confidence_.mean() - share(correct_, named_)) > kWorstCalibration;
  b.confidence = off ? Moments() : confidence_;
  b.confidence_histogram = off ? confidence_bins() : confidence_histogram_;
  return b;
}

bool BaselineBuilder::measured_by_truth() const {
  if (known_ < rows_) return false;
  if (named_ == known_) {
    const double frequent = share(*std::ranges::max_element(right_.classes), known_);
    const double error = std::sqrt(frequent * (1 - frequent) / static_cast<double>(known_));
    const bool better = share(correct_, known_) > frequent + 4 * error;
    return !better || stability_index(right_.classes, given_.classes) < kStable;
  }
  if (outputs_ != 1) return false;
  const bool better = squared_error_.mean() < 0.95 * right_.value.variance();
  Histogram right = histogram_of(right_.sample_value, options_.bins);
  Histogram given(right.edges());
  for (float x : given_.sample_value) given.add(x);
  return !better || stability_index(right.counts(), given.counts()) < kStable;
}

}  // namespace slipway
