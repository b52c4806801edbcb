// Series: the numbers of a version's points that control charts watch.
#pragma once

#include <string>
#include <vector>

#include "monitor/window.h"

namespace slipway {

struct Series {
  const char* name;       // "latency"
  const char* unit;       // behind a number: " s", "", " requests/s"
  std::vector<double> x;  // oldest first
};

// latency, confidence, input mean and request rate, of points with at least `least_requests` requests; series that say
// nothing (no class was ever answered) are left out.
std::vector<Series> watched_series(const std::vector<Point>& points, int64_t least_requests);

}  // namespace slipway
