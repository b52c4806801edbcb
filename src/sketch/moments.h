// Moments: count, mean, variance and range of a stream, in five numbers.
//
// Update: B. P. Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 1962.
// Merge: T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
// 1979.
#pragma once

#include <cstdint>

#include "base/json.h"

namespace slipway {

// Values must be finite; whoever adds counts the others elsewhere.
class Moments {
 public:
  Moments() = default;
  // The summary of `count` values with this mean, sum of squared deviations and range.
  Moments(int64_t count, double mean, double m2, double min, double max)
      : count_(count), mean_(mean), m2_(m2), min_(min), max_(max) {}

  void add(double x) {
    min_ = count_ == 0 || x < min_ ? x : min_;
    max_ = count_ == 0 || x > max_ ? x : max_;
    ++count_;
    double delta = x - mean_;
    mean_ += delta / static_cast<double>(count_);
    m2_ += delta * (x - mean_);
  }
  void merge(const Moments& other);

  int64_t count() const { return count_; }
  // All 0 when nothing was added.
  double mean() const { return mean_; }
  double min() const { return min_; }
  double max() const { return max_; }
  // Of the sample: m2 / (n - 1); 0 for fewer than two values.
  double variance() const { return count_ < 2 ? 0 : m2_ / static_cast<double>(count_ - 1); }
  double deviation() const;

  // [count, mean, m2, min, max]
  Json to_json() const;
  static Result<Moments> from_json(const Json& json);

 private:
  int64_t count_ = 0;
  double mean_ = 0;
  double m2_ = 0;  // sum of (x - mean)^2
  double min_ = 0;
  double max_ = 0;
};

}  // namespace slipway
