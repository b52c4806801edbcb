// What the 8-bit products share: weights as int8, zero points, a layout of scratch.
#pragma once

#include "kernels/int8.h"

namespace slipway::kernels {

// Offsets into scratch, each aligned to 64.
class ScratchLayout {
 public:
  size_t reserve(size_t bytes) {
    size_t offset = bytes_;
    bytes_ += (bytes + 63) / 64 * 64;
    return offset;
  }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
};

// y[i] = x[i] for i8, x[i] - 128 for u8. Requires: one of the two.
void to_int8(DType dtype, const void* x, int8_t* y, int64_t n);

// Constant weights as int8: themselves, or shifted by 128 once.
Tensor int8_weights(const Tensor& w, const PackFn& pack);

// Whether zero points of weights, seen as int8, are or may be other than 0.
bool weights_shifted(DType w, const ZeroPoint& zero);

}  // namespace slipway::kernels
