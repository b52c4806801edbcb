// Usual: what the newest answers of a version are compared with when no baseline says what is right.
#pragma once

#include <span>
#include <vector>

#include "monitor/detector.h"

namespace slipway {

struct Usual {
  std::vector<Point> points;  // oldest first, none of them troubled
  bool of_previous = false;   // of the version before, which this one must not be worse than

  int64_t requests() const;
  // Failing and all, over the points.
  Share share(Failure failure) const;
};

// The points of the previous version when it has any, else those of this version before its newest answers.
Usual usual_of(const View& view);

// The q-quantile of `values`, q in [0, 1], by the nearest rank. Requires: not empty.
double quantile_of(std::vector<double> values, double q);

}  // namespace slipway
