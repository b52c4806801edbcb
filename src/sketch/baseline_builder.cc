// BaselineBuilder: exact moments, quantiles from a reservoir of rows.
//
// Reservoir: J. S. Vitter, "Random sampling with a reservoir", 1985, algorithm R. Moments by sums of shifted values:
// T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample variance", 1983.
#include "sketch/baseline_builder.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sketch/answer.h"

namespace slipway {

namespace {

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
  if (outputs_ > 1) {
    classes_.assign(static_cast<size_t>(outputs_), 0);
    class_row_mean_.resize(static_cast<size_t>(outputs_));
  } else {
    classes_.assign(2, 0);
    class_row_mean_.resize(2);
  }
}

Status BaselineBuilder::add(std::span<const float> inputs, std::span<const float> outputs, int64_t rows) {
  if (rows < 0 || static_cast<int64_t>(inputs.size()) != rows * width_ ||
      static_cast<int64_t>(outputs.size()) != rows * outputs_) {
    return invalid(
        fmt::format("baseline: {} rows of {} inputs and {} outputs were expected, found {} inputs and {} outputs", rows,
                    width_, outputs_, inputs.size(), outputs.size()));
  }
  for (int64_t r = 0; r < rows; ++r) {
    add_row(inputs.subspan(static_cast<size_t>(r * width_), static_cast<size_t>(width_)),
            outputs.subspan(static_cast<size_t>(r * outputs_), static_cast<size_t>(outputs_)));
  }
  return {};
}

void BaselineBuilder::add_row(std::span<const float> row, std::span<const float> output) {
  RowSummary summary = summarize_row(row);
  Answer answer = read_answer(output);
  if (!summary.finite || !answer.finite) {
    ++left_out_;
    return;
  }
  add_features(row);
  row_mean_.add(summary.mean);
  row_deviation_.add(summary.deviation);
  if (outputs_ == 1) value_.add(answer.value);
  if (answer.category >= 0) {
    size_t category = static_cast<size_t>(answer.category);
    ++classes_[category];
    class_row_mean_[category].add(summary.mean);
    confidence_.add(answer.confidence);
    confidence_histogram_.add(answer.confidence);
  }
  keep_in_sample(row, summary, answer.value);
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

void BaselineBuilder::keep_in_sample(std::span<const float> row, const RowSummary& summary, float value) {
  int64_t slot = rows_;
  if (slot >= options_.sample_rows) {
    slot = static_cast<int64_t>(random_.below(static_cast<uint64_t>(rows_) + 1));
    if (slot >= options_.sample_rows) return;
  } else {
    sample_.resize(sample_.size() + chosen_.size());
    sample_mean_.push_back(0);
    sample_deviation_.push_back(0);
    sample_value_.push_back(0);
  }
  size_t at = static_cast<size_t>(slot);
  for (size_t i = 0; i < chosen_.size(); ++i) {
    sample_[at * chosen_.size() + i] = row[static_cast<size_t>(chosen_[i])];
  }
  sample_mean_[at] = summary.mean;
  sample_deviation_[at] = summary.deviation;
  sample_value_[at] = value;
}

std::string BaselineBuilder::feature_name(int64_t index) const {
  if (index < static_cast<int64_t>(options_.names.size())) return options_.names[static_cast<size_t>(index)];
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
  b.row_mean = {-1, "row mean", row_mean_, histogram_of(sample_mean_, options_.bins)};
  b.row_deviation = {-1, "row deviation", row_deviation_, histogram_of(sample_deviation_, options_.bins)};
  b.value = {-1, "output", value_, outputs_ == 1 ? histogram_of(sample_value_, options_.bins) : Histogram()};
  b.classes = classes_;
  b.class_names = options_.class_names;
  b.confidence = confidence_;
  b.confidence_histogram = confidence_histogram_;
  b.class_row_mean = class_row_mean_;
  return b;
}

}  // namespace slipway
