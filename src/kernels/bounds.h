// Numbers out of a model's data that must lie in a range: indices, labels, lengths.
#pragma once

#include <string_view>

#include "base/status.h"
#include "tensor/dtype.h"

namespace slipway::kernels {

// An error that names the first of `n` numbers outside [low, end), `what` they are and where it stands: "label 12
// (element 3) is outside [0, 10)". Requires: int32 or int64.
Status expect_inside(std::string_view what, DType dtype, const void* numbers, int64_t n, int64_t low, int64_t end);

// Indices into a dimension of `size`, those from the end below 0.
Status expect_indices(DType dtype, const void* indices, int64_t n, int64_t size);

}  // namespace slipway::kernels
