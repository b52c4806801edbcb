// Calibration: the ranges that a model's values take on representative inputs.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway {

struct CalibrationOptions {
  enum class Method : uint8_t {
    min_max,     // all that was seen
    entropy,     // the range whose 8-bit histogram is nearest to the float one (S. Migacz, "8-bit inference with
                 // TensorRT", GTC 2017)
    percentile,  // all but the largest magnitudes
  };
  Method method = Method::min_max;
  double percentile = 99.99;  // of magnitudes
};

// "minmax", "entropy", "percentile".
Result<CalibrationOptions::Method> calibration_method(std::string_view name);

struct Range {
  float low = 0;
  float high = 0;
};

// Counts of magnitudes in `bins.size()` equal bins over [0, top].
struct ValueHistogram {
  double top = 0;
  std::vector<int64_t> bins;
};

// The magnitude to clip at, by each method. Pure. Requires: a histogram with at least 128 bins.
// By entropy, the first bin counts as its neighbour does, as in TensorRT: the zeros behind a ReLU and around an image
// are exact at every scale and say nothing about it, but would outweigh all else.
double entropy_threshold(const ValueHistogram& histogram);
double percentile_threshold(const ValueHistogram& histogram, double percentile);

// The range of each value (float32, not constant) over all runs of `samples` (one tensor per graph input each).
// invalid_argument without samples or when a value becomes NaN or infinite.
Result<std::map<std::string, Range>> calibrate(const Graph& graph, std::span<const ValueId> values,
                                               std::span<const std::vector<Tensor>> samples,
                                               const CalibrationOptions& options);

}  // namespace slipway
