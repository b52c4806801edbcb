// What slipway.QuantizedGemm and slipway.QuantizedConv share: the way in (quantizing x) and out (rescaling int32 sums).
#pragma once

#include "kernels/quantize.h"
#include "kernels/scratch.h"
#include "kernels/strided_copy.h"
#include "ops/int8_conv.h"

namespace slipway::ops {

// The order of inputs of both. Weights are int8 with zero points 0.
enum QuantizedInput : size_t { kX, kW, kWScale, kBias, kXScale, kXZero, kYScale, kYZero };

// x: u8 or i8 with its scale; or float32, quantized on the way in: with x's scale when given, else by its own range. y:
// float32, or u8 or i8 when its scale is given. `channels`: the outputs that share a row of w.
Status expect_quantized(InferContext& c, const Dim& channels);
// The type of y.
DType quantized_output(const Node& n, DType y_zero);

// The 8-bit type that x has or is quantized to, and its zero point.
DType quantized_x(const PrepareContext& c);
kernels::ZeroPoint quantized_x_zero(const PrepareContext& c);

// A kernel around `product`, whose sums are [rows, n]; `restore` brings [rows, n] to y's layout (nullptr: it is).
Kernel quantized_kernel(const PrepareContext& c, std::shared_ptr<const kernels::Int8Product> product, int64_t rows,
                        int64_t n, const kernels::StridedCopy* restore);

}  // namespace slipway::ops
