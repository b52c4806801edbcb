// Dropout masks from counter-based random numbers: element i depends on seed, step and i alone.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// Masks are made in blocks of this many elements.
inline constexpr int64_t kDropoutBlock = 4096;

// y[i] for i in [begin, end): 1 / (1 - ratio) when u_i >= ratio, else 0. u_i in [0, 1) is the upper 24 bits of word
// i % 4 of Philox block i / 4 with key `seed` and high counter `step`. All 0 when ratio >= 1. y points to element
// `begin`. Requires: begin is a multiple of kDropoutBlock.
using DropoutMaskFn = void (*)(uint64_t seed, uint64_t step, float ratio, int64_t begin, int64_t end, float* y);
DropoutMaskFn dropout_mask_f32();

}  // namespace slipway::kernels
