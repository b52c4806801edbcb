// Series: the numbers of a version's points that control charts watch, and which of their moves matter.
#pragma once

#include <string_view>
#include <vector>

#include "monitor/detector.h"
#include "monitor/threshold.h"

namespace slipway {

struct Series {
  const char* name = "";      // "latency"
  const char* unit = "";      // behind a number: " s", ""
  std::vector<double> x;      // oldest first
  std::vector<bool> healthy;  // of each: an example of what is usual
  bool rises = true;          // a rise is trouble
  bool falls = true;          // a fall is
  double least_share = 0;     // a move under this share of the mean is no matter
  double least = 0;           // nor is one under this

  // Is the move from `mean` to `to` one that matters?
  bool matters(double mean, double to) const;
};

// Of points with at least `least_requests` requests: the latency, which only matters when it rises by half and a
// millisecond; and of a version without a baseline the confidence, which only matters when it falls by 0.05, and the
// input mean, which matters when it moves by half a deviation from row to row. Of a version with one, other detectors
// say more of both. Series that say nothing (no class was ever answered) are left out.
std::vector<Series> watched_series(const View& view, int64_t least_requests);

// Mean and sigma of at most `most` healthy values before the `newest` ones, with reference_of's floor; or those that
// the open alarm of `detector` about this series was raised with.
Reference reference_before(const View& view, std::string_view detector, const Series& series, size_t newest,
                           size_t most, double floor);

}  // namespace slipway
