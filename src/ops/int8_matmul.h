// What MatMulInteger, QLinearMatMul and slipway.QuantizedGemm share: 8-bit matrix products with batches.
#pragma once

#include "kernels/int8.h"
#include "kernels/int8_parts.h"
#include "kernels/quantize.h"
#include "ops/contraction.h"
#include "ops/infer.h"

namespace slipway::ops {

// NumPy's matmul over types: rank 1 counts as a row on the left, a column on the right.
Result<Dims> matmul_dims(const Dims& a, const Dims& b);

// Refuses what the 8-bit products cannot take: x and w of 8 bits, zero points of their operand's type.
Status expect_int8(InferContext& c, size_t x, size_t x_zero, size_t w, size_t w_zero);

// The zero point that input i holds.
kernels::ZeroPoint zero_point(const PrepareContext& c, size_t i);

// A prepared product of (batches of) matrices.
struct Int8Batches {
  std::shared_ptr<const kernels::Int8Product> product;
  int64_t count = 1;  // products of [m, k] and [k, n]
  int64_t m = 0, n = 0, k = 0;
  std::vector<int64_t> x, w;         // which matrix of each operand a product takes
  int64_t x_zeros = 0, w_zeros = 0;  // zero points from one product to the next

  // `a` with the pointers of product b; acc stays.
  kernels::Int8Operands operands(const kernels::Int8Operands& a, int64_t b) const;
};
// Inputs x and w and their zero points, by index. A w without batches takes all rows of x in one product.
Result<Int8Batches> int8_batches(const PrepareContext& c, size_t x, size_t w, size_t x_zero, size_t w_zero);

// scale[j] = w_scale[j or 0] * factor, n of them.
void join_scales(DType dtype, const void* w_scale, int64_t count, float factor, int64_t n, float* scale);

}  // namespace slipway::ops
