// Vectorized float32 passes over rows that normalizations and their gradients are made of.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// Sums over a row. Blocks of a few thousand elements are summed in float32, the blocks in double.
struct RowSums {
  double (*sum)(const float* x, int64_t n);                  // Σ x
  double (*squares)(const float* x, int64_t n, float mean);  // Σ (x - mean)²
  void (*with)(const float* dy, const float* x, int64_t n, float mean, double* sum,
               double* product);  // += Σ dy, Σ dy (x - mean)
};
const RowSums& row_sums();

// y = (x - mean) a + b; y may be x.
using AffineFn = void (*)(const float* x, float* y, int64_t n, float mean, float a, float b);
AffineFn affine_f32();

// dx = a (dy - shift) - b (x - mean); dx may be dy or x.
using NormalizeBackFn = void (*)(const float* dy, const float* x, float* dx, int64_t n, float a, float shift, float b,
                                 float mean);
NormalizeBackFn normalize_back_f32();

// One row of a layer normalization: y = (x - mean) inverse scale + bias; bias may be nullptr.
struct LayerRow {
  float mean, inverse;
};
using LayerNormFn = LayerRow (*)(const float* x, const float* scale, const float* bias, float epsilon, float* y,
                                 int64_t n);
LayerNormFn layer_norm_f32();

// Its gradient: dx, and dscale += dy xhat, dbias += dy. dx may be x or dy.
using LayerNormBackFn = void (*)(const float* x, const float* scale, const float* dy, float epsilon, float* dx,
                                 float* dscale, float* dbias, int64_t n);
LayerNormBackFn layer_norm_back_f32();

}  // namespace slipway::kernels
