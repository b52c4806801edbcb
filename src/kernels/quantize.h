// Arithmetic of linear quantization: q = saturate(round(x / scale) + zero_point), x = (q - zero_point) * scale.
//
// Rounds to nearest, ties to even. Source: ONNX QuantizeLinear-21, DequantizeLinear-21, DynamicQuantizeLinear-11.
#pragma once

#include <cstdint>
#include <limits>

#include "tensor/dtype.h"

namespace slipway::kernels {

// Where the scale of element [o, a, i] of x: [outer, axis, inner] lies: one for all, one per index of the axis, or one
// per block of `block` indices of it (scales: [outer, ceil(axis / block), inner]).
struct ScaleLayout {
  int64_t outer = 1, axis = 1, inner = 1;
  bool per_axis = false;
  int64_t block = 0;  // > 0: blocked
};

// y of type q (u8, i8, u16, i16) from x of type f32, f16, bf16 or i32. `scale` has the type `scale_dtype` (f32, f16,
// bf16), `zero_point` the type q, or is nullptr for zeros.
void quantize(const ScaleLayout& s, DType x_dtype, const void* x, DType scale_dtype, const void* scale, DType q,
              const void* zero_point, void* y, int threads);

// y of type f32, f16 or bf16 (that of scale) from x of type q (u8, i8, u16, i16, i32).
void dequantize(const ScaleLayout& s, DType q, const void* x, DType y_dtype, const void* scale, const void* zero_point,
                void* y, int threads);

// Element i of scales of type f32, f16, bf16 or f64.
float scale_at(DType dtype, const void* scale, int64_t i);

// One run of n floats under one scale: u8 or i8.
void quantize_u8(const float* x, uint8_t* y, int64_t n, float scale, int32_t zero_point);
void quantize_i8(const float* x, int8_t* y, int64_t n, float scale, int32_t zero_point);

// The scale and zero point of DynamicQuantizeLinear for n floats: [min(x, 0), max(x, 0)] onto [0, 255]. Scale is 1 when
// all are zero.
struct DynamicScale {
  float scale;
  uint8_t zero_point;
};
DynamicScale dynamic_scale(const float* x, int64_t n, int threads);

// What follows an integer matrix product: acc: [rows, n] int32.
// v = min((acc - offset[n]) * scale[n] * factor + bias[n], high); offset and bias may be nullptr.
struct Rescale {
  int64_t n = 0;
  const int32_t* offset = nullptr;
  const float* scale = nullptr;
  float factor = 1;
  const float* bias = nullptr;
  float high = std::numeric_limits<float>::infinity();
};
// y = max(v, low)
void rescale_to_float(const Rescale& r, const int32_t* acc, int64_t rows, float low, float* y, int threads);
// y = saturate(round(v) + zero_point), at least `low`. q is u8 or i8.
void rescale_to_int8(const Rescale& r, const int32_t* acc, int64_t rows, int32_t zero_point, int32_t low, DType q,
                     void* y, int threads);
// acc -= offset[n]
void subtract_offset(const int32_t* offset, int64_t n, int32_t* acc, int64_t rows, int threads);

}  // namespace slipway::kernels
