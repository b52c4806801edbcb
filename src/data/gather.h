// Gathering rows into a float32 batch: the inner loop of a batch stream.
#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"
#include "tensor/tensor.h"

namespace slipway {

// to[i, j] = x[rows[i], j] * scale[j] + offset[j]
// Requires: x [N, ...] is uint8 or float32; `to` holds rows.size() * width elements; the scaling fits.
void gather_scaled(const Tensor& x, std::span<const uint32_t> rows, const Scaling& scaling, float* to);

}  // namespace slipway
