// Corruptions of inputs: what a broken camera or pipeline does to them, for showing and testing drift. Pure.
#pragma once

#include <cstdint>

#include "tensor/tensor.h"

namespace slipway {

// What black and white are. Of uint8 tensors they are always 0 and 255.
struct ValueRange {
  float low = 0;
  float high = 1;
};

// y = low + high - x
// Requires (all three): x is float32 or uint8. The result is a new tensor of x's type, within the range.
Tensor inverted(const Tensor& x, ValueRange range = {});

// y = clip(x + deviation * (high - low) * n, low, high) with n normal, drawn by `seed`.
Tensor noisy(const Tensor& x, float deviation, uint64_t seed, ValueRange range = {});

// y = clip(x + shift * (high - low), low, high); a negative shift darkens.
Tensor brightened(const Tensor& x, float shift, ValueRange range = {});

}  // namespace slipway
