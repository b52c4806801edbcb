// Gathering rows into a float32 batch: the inner loop of a batch stream.
#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"
#include "tensor/tensor.h"

namespace slipway {

// to[i, j] = x[rows[i] * pitch + j] * scale[j] + offset[j], j < width
// Requires: x is uint8 or float32; `to` holds rows.size() * width elements; the scaling fits.
void gather_scaled(const Tensor& x, int64_t width, int64_t pitch, std::span<const uint32_t> rows,
                   const Scaling& scaling, float* to);

}  // namespace slipway
