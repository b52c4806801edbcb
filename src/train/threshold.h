// Learning the threshold of the deviation detector by gradient descent.
#pragma once

#include <span>

#include "base/status.h"

namespace slipway::train {

struct ThresholdFit {
  double k = 2;       // deviations from which a value is anomalous
  double loss = 0;    // cross-entropy at k
  double f1 = 0;      // of z > k against the labels
  int64_t steps = 0;  // gradient steps taken
};

struct ThresholdOptions {
  double initial = 2;
  double sharpness = 4;  // slope of the sigmoid, per deviation
  int64_t epochs = 40;
  uint64_t seed = 1;
};

// Finds k that minimizes the cross-entropy of p = sigmoid(sharpness (z - k)) against labels of 0 and 1, where each
// class weighs as much as the other: anomalies are rare. z: deviations, of the same length. invalid_argument when the
// lengths differ or one of the classes is missing.
Result<ThresholdFit> learn_threshold(std::span<const double> z, std::span<const int> labels,
                                     const ThresholdOptions& options = {});

// F1 of "z > k" against the labels; 0 when nothing is found.
double f1_score(std::span<const double> z, std::span<const int> labels, double k);

}  // namespace slipway::train
