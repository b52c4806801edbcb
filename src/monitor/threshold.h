// ThresholdModel: how many deviations from the mean make an alarm, a number learned from labelled series.
//
// A value x is anomalous when z(x) > k with z(x) = |x - mean| / sigma over the values before it. Training finds k by
// gradient descent on the cross-entropy of p = sigmoid(sharpness * (z - k)) against the labels; before training k is 2.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"

namespace slipway {

struct ThresholdModel {
  double k = 2;            // deviations; positive
  double sharpness = 4;    // slope of the sigmoid used in training, per deviation
  int64_t examples = 0;    // labelled values it was learned from; 0: not trained
  double f1 = 0;           // on the values it was learned from
  std::string trained_on;  // where the labels came from

  Json to_json() const;
  // invalid_argument unless k and sharpness are positive and finite.
  static Result<ThresholdModel> from_json(const Json& json);
};

// What values are compared with: mean and sigma of those before. Sigma is at least `floor` * |mean|, so that a constant
// series does not divide by zero.
struct Reference {
  double mean = 0;
  double sigma = 0;
  int64_t count = 0;
  // |x - mean| / sigma, with the sign of x - mean.
  double deviation(double x) const { return (x - mean) / sigma; }
};
Reference reference_of(std::span<const double> before, double floor);

// |z| of every value against the `reference` values before it (fewer at the start; 0 for the first `minimum`): what
// training learns k from. The detector takes the same reference, before the points it judges.
std::vector<double> deviations(std::span<const double> x, size_t reference, size_t minimum, double floor);

}  // namespace slipway
