// Conversion between element types.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "tensor/dtype.h"

namespace slipway::kernels {

// y[i] = x[i] as another type, n elements. Integers wrap, floats round toward zero into integers and saturate at their
// bounds (NaN becomes 0), anything but 0 is true. Strings are written shortest, so that they read back the same, and
// read as numbers, spaces around them, "nan", "inf" and "1e5" included; an error names what is none.
Status cast(DType from, const void* x, DType to, void* y, int64_t n, int threads);

}  // namespace slipway::kernels
