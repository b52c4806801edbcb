// What the 8-bit products share: weights as int8, zero points.
#pragma once

#include "kernels/int8.h"
#include "kernels/scratch.h"

namespace slipway::kernels {

// y[i] = x[i] for i8, x[i] - 128 for u8. Requires: one of the two.
void to_int8(DType dtype, const void* x, int8_t* y, int64_t n);

// Constant weights as int8: themselves, or shifted by 128 once.
Tensor int8_weights(const Tensor& w, const PackFn& pack);

// Whether zero points of weights, seen as int8, are or may be other than 0.
bool weights_shifted(DType w, const ZeroPoint& zero);

}  // namespace slipway::kernels
