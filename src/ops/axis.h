// Tensors seen from one of their axes.
#pragma once

#include "graph/operator.h"

namespace slipway::ops {

// A shape seen from one axis: [outer, n, inner].
struct AxisSplit {
  int64_t outer = 1;
  int64_t n = 1;
  int64_t inner = 1;
};
// An error when `axis` is outside [-rank, rank). A scalar is one distribution of one element.
Result<AxisSplit> split_at_axis(std::span<const int64_t> shape, int64_t axis);

// Output 0 has the type of input 0; an error when attribute `axis` does not fit.
Status infer_along_axis(InferContext& c);

// Samples with the last, a middle and the first axis.
std::vector<Sample> along_axis_samples();

}  // namespace slipway::ops
