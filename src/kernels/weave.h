// Planes woven into one run of elements: a picture's channels from first to last.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// y[i * planes + c] = x[i + c * stride] for i in [0, n). Requires: 2 to 4 planes.
void weave(const uint8_t* x, int64_t stride, int64_t planes, int64_t n, uint8_t* y);
void weave(const uint32_t* x, int64_t stride, int64_t planes, int64_t n, uint32_t* y);

}  // namespace slipway::kernels
