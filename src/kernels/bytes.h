// Arithmetic from uint8 to uint8 on quantized tensors: nothing passes through memory as float32.
#pragma once

#include <cstdint>

#include "kernels/pool.h"

namespace slipway::kernels {

// y[i] = table[x[i]]; the table has 256 entries. y may be x.
void map_bytes(const uint8_t* x, const uint8_t* table, uint8_t* y, int64_t n, int threads);

// y[i] = clamp(round(a[i] a_scale + b[i] b_scale + offset), low, high); ties to even. y may be a or b.
struct ByteSum {
  float a_scale = 1, b_scale = 1, offset = 0;
  float low = 0, high = 255;  // inside [0, 255]
};
void add_bytes(const ByteSum& s, const uint8_t* a, const uint8_t* b, uint8_t* y, int64_t n, int threads);

// y[o] = clamp(round(scale mean of (x - x_zero) over the window of o + y_zero)). x: [planes, in..., inner].
struct ByteMean {
  int32_t x_zero = 0;
  float scale = 1, y_zero = 0;
  bool include_pad = false;  // padding counts as x_zero, else not at all
};
void average_pool_bytes(const PoolShape& p, const ByteMean& m, const uint8_t* x, uint8_t* y, int threads);

// y[r, i] = x[r, positions[i]]; rows are `x_stride` and `y_stride` apart.
void pick_bytes(const uint8_t* x, int64_t rows, int64_t x_stride, const int32_t* positions, int64_t n, uint8_t* y,
                int64_t y_stride);

}  // namespace slipway::kernels
