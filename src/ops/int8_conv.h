// What ConvInteger, QLinearConv and slipway.QuantizedConv share: 8-bit convolutions on ONNX layouts.
#pragma once

#include "kernels/strided_copy.h"
#include "ops/convolution.h"
#include "ops/int8_matmul.h"

namespace slipway::ops {

// The primitive's view of `node` from x [N, C, ...] through w to y [N, O, ...]; x_dtype and constant_w are left out.
Result<kernels::Int8ConvSpec> int8_conv_spec(const Node& node, const Shape& x, const Shape& w, const Shape& y);

// A prepared convolution: channels-last int32 sums, and the way back to ONNX's layout.
struct Int8Conv {
  std::shared_ptr<const kernels::Int8Product> product;
  int64_t rows = 0;              // N * spatial
  int64_t channels = 0;          // O
  kernels::StridedCopy restore;  // [N, ..., O] to [N, O, ...]
};
// x: input 0, taken as numbers of `x_dtype`; w: input `w`.
Result<Int8Conv> int8_conv(const PrepareContext& c, DType x_dtype, size_t w, const kernels::ZeroPoint& x_zero,
                           const kernels::ZeroPoint& w_zero);

}  // namespace slipway::ops
