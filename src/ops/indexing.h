// What GatherND and ScatterND share, and Scatter's reductions.
#pragma once

#include "kernels/gather.h"
#include "ops/infer.h"

namespace slipway::ops {

// Attribute `reduction`; an error names those there are.
Result<kernels::Reduction> reduction_of(const Node& node);

// [batch..., k indices] into x after `batch` dimensions. Requires: inference accepted it.
kernels::GatherNdShape gather_nd_shape(const Shape& x, const Shape& indices, int64_t batch);

// GatherND's output, from x and indices with `batch` leading dimensions in common; nullopt while the last size of
// indices is unknown, on which its rank depends. Errors name what does not fit.
Result<std::optional<Dims>> gather_nd_dims(const Dims& x, const Dims& indices, int64_t batch);

}  // namespace slipway::ops
