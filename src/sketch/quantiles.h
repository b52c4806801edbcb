// Quantiles: any quantile of a stream within a stated relative error, in bounded memory, mergeable without loss.
//
// DDSketch: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
// guarantees", VLDB 2019. A value x > 0 counts in bin i = ceil(log_g x), g = (1 + a) / (1 - a), and is read back as
// 2 g^i / (g + 1), which is within a * x of x.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace slipway {

class Quantiles {
 public:
  // `accuracy`: the relative error a, in (0, 1). When values span more than `max_bins` bins, the smallest magnitudes
  // share one bin and only their quantiles lose the guarantee (2048 bins at 0.01 span seventeen decades).
  explicit Quantiles(double accuracy, int max_bins = 2048);
  Quantiles() : Quantiles(0.01) {}

  // Values must be finite; magnitudes under 1e-12 count as 0.
  void add(double x, int64_t count = 1);
  // Requires: the same accuracy.
  void merge(const Quantiles& other);

  int64_t count() const { return count_; }
  double sum() const { return sum_; }
  // q in [0, 1]; 0 when nothing was added. quantile(0) and quantile(1) are within the error of the extremes.
  double quantile(double q) const;
  double accuracy() const { return accuracy_; }

  Json to_json() const;
  static Result<Quantiles> from_json(const Json& json);

 private:
  // Consecutive bins [first, first + counts.size()).
  struct Bins {
    int first = 0;
    std::vector<int64_t> counts;
    int64_t total = 0;
    void add(int bin, int64_t count, int max_bins);
  };
  int bin_of(double magnitude) const;
  double value_of(int bin) const;
  static Json bins_to_json(const Bins& bins);
  static Status bins_from_json(const Json& json, int max_bins, Bins& bins);

  double accuracy_;
  double log_gamma_;
  int max_bins_;
  int64_t count_ = 0;
  double sum_ = 0;
  int64_t zero_ = 0;
  Bins positive_;
  Bins negative_;  // by magnitude
};

}  // namespace slipway
