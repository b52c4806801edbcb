// Numeric verification of a conversion: both sides run on the same samples, and how far they are apart.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "graph/port.h"
#include "tensor/tensor.h"

namespace slipway {

struct VerifyOptions {
  int64_t samples = 16;  // rows per run: the size of the inputs' unknown dimensions
  int64_t runs = 4;      // with different contents
  uint64_t seed = 0;
  // Given contents instead: one entry per run, one tensor per input.
  std::vector<std::vector<Tensor>> data;
};

struct OutputDifference {
  std::string name;
  int64_t elements = 0;        // compared, over all runs
  double max_absolute = 0;     // |a - b|
  double max_relative = 0;     // |a - b| / max(|a|, 1e-6), where a is the original's
  double largest = 0;          // |a|, to judge the absolute difference by
  int64_t mismatched_nan = 0;  // NaN or infinity on one side only
};

struct VerifyReport {
  int64_t runs = 0;
  std::vector<OutputDifference> outputs;
};

// Runs sessions of both graphs. invalid_argument when their inputs or outputs do not match in number, type and shape.
Result<VerifyReport> verify_conversion(const Graph& original, const Graph& converted, const VerifyOptions& options);

// Ends of the ranges that integers are drawn from, to be tried in this order: they may be indices into something small.
inline constexpr uint64_t kIntegerRanges[] = {8, 2, 1};

// Seeded contents for `ports`: floats standard normal, integers uniform in [0, integers), booleans even. An unknown
// size is `rows`; equal symbols get equal sizes. Pure.
std::vector<Tensor> random_inputs(const std::vector<Port>& ports, int64_t rows, uint64_t seed, uint64_t stream,
                                  uint64_t integers = kIntegerRanges[0]);

}  // namespace slipway
