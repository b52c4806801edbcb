// The form of a Scan node: which inputs are states, which are scanned, along which axis, in which direction.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace slipway::ops {

struct ScanForm {
  size_t states = 0;
  size_t scanned = 0;  // inputs after the states
  size_t outputs = 0;  // scan outputs of the body, after the states

  std::vector<int64_t> input_axes;  // as written: negative counts from the end
  std::vector<int64_t> output_axes;
  std::vector<bool> input_reversed;
  std::vector<bool> output_reversed;
};

// invalid_argument says which attribute or count does not fit.
Result<ScanForm> scan_form(const Node& node);

}  // namespace slipway::ops
