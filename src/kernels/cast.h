// Conversion between element types.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace slipway::kernels {

// y[i] = x[i] as another type, n elements. Integers wrap, floats round toward zero into integers and saturate at their
// bounds (NaN becomes 0), anything but 0 is true. Strings are read as numbers ("nan", "inf" and "1e5" included;
// what is no number reads as 0) and written shortest, so that they read back the same.
void cast(DType from, const void* x, DType to, void* y, int64_t n, int threads);

}  // namespace slipway::kernels
