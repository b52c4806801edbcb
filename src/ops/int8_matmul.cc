// 8-bit matrix products with batches.
#include "ops/int8_matmul.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway::ops {

Result<Dims> matmul_dims(const Dims& a, const Dims& b) {
  if (a.empty() || b.empty()) return invalid("a matrix product takes no scalars; use Mul");
  bool vector_a = a.size() == 1;
  bool vector_b = b.size() == 1;
  const Dim& inner_a = a.back();
  const Dim& inner_b = vector_b ? b[0] : b[b.size() - 2];
  if (inner_a.known() && inner_b.known() && inner_a.size != inner_b.size) {
    return invalid(fmt::format("{} and {} do not fit: inner sizes {} and {}", to_string(a), to_string(b), inner_a.size,
                               inner_b.size));
  }
  Dims batch_a(a.begin(), a.end() - (vector_a ? 1 : 2));
  Dims batch_b(b.begin(), b.end() - (vector_b ? 1 : 2));
  Dims y = TRY(broadcast_dims(batch_a, batch_b));
  if (!vector_a) y.push_back(a[a.size() - 2]);
  if (!vector_b) y.push_back(b.back());
  return y;
}

Status expect_int8(InferContext& c, size_t x, size_t x_zero, size_t w, size_t w_zero) {
  for (auto [operand, zero] : {std::pair(x, x_zero), std::pair(w, w_zero)}) {
    RETURN_IF_ERROR(expect_dtype(c, operand, {DType::u8, DType::i8}));
    if (c.has_input(zero)) RETURN_IF_ERROR(expect_dtype(c, zero, {c.dtype(operand)}));
  }
  return {};
}

kernels::ZeroPoint zero_point(const PrepareContext& c, size_t i) {
  if (!c.has_input(i)) return {};
  return {c.in(i).dtype, c.in(i).count(), c.constant(i)};
}

namespace {

// The number of the operand's matrix that product `index` of the broadcast batch takes.
int64_t matrix_of(int64_t index, const Shape& batch, const Shape& own) {
  int64_t matrix = 0;
  int64_t stride = 1;
  for (size_t i = 0; i < own.size(); ++i) {
    int64_t coordinate = index % batch[batch.size() - 1 - i];
    index /= batch[batch.size() - 1 - i];
    int64_t size = own[own.size() - 1 - i];
    matrix += size == 1 ? 0 : coordinate * stride;
    stride *= size;
  }
  return matrix;
}

// Zero points per product; an error for a count that is neither one, one per line, nor one per line of every product.
Result<int64_t> zeros_step(const kernels::ZeroPoint& zero, int64_t lines, int64_t products, const char* what) {
  if (!zero.given() || zero.count == 1 || zero.count == lines) return 0;
  if (zero.count == lines * products) return lines;
  return invalid(fmt::format("{} has {} elements; expected 1 or {}", what, zero.count, lines));
}

}  // namespace

Result<Int8Batches> int8_batches(const PrepareContext& c, size_t x, size_t w, size_t x_zero, size_t w_zero) {
  Shape xs = c.in(x).shape;
  Shape ws = c.in(w).shape;
  if (xs.size() == 1) xs.insert(xs.begin(), 1);
  if (ws.size() == 1) ws.push_back(1);
  Int8Batches batches;
  kernels::Int8GemmSpec spec = {.x = c.in(x).dtype, .w = c.in(w).dtype, .threads = c.threads()};
  spec.x_zero = zero_point(c, x_zero);
  spec.w_zero = zero_point(c, w_zero);
  Shape batch_x(xs.begin(), xs.end() - 2);
  Shape batch_w(ws.begin(), ws.end() - 2);
  Shape batch = TRY(broadcast(batch_x, batch_w));
  batches.m = xs[xs.size() - 2];
  batches.k = xs.back();
  batches.n = ws.back();
  bool one_w = element_count(batch_w) == 1;
  if (one_w && spec.x_zero.count <= 1) {
    batches.m *= element_count(batch);
    batch.clear();
    batch_x.clear();
  }
  if (one_w) {
    spec.constant_w = c.constant(w);
    batch_w.clear();
  }
  batches.count = element_count(batch);
  for (int64_t b = 0; b < batches.count; ++b) {
    batches.x.push_back(matrix_of(b, batch, batch_x));
    batches.w.push_back(matrix_of(b, batch, batch_w));
  }
  batches.x_zeros = TRY(zeros_step(spec.x_zero, batches.m, batches.count, "the zero point of the left operand"));
  batches.w_zeros = TRY(zeros_step(spec.w_zero, batches.n, batches.count, "the zero point of the right operand"));
  if (batches.x_zeros > 0) spec.x_zero.count = batches.m;
  if (batches.w_zeros > 0) spec.w_zero.count = batches.n;
  if (batches.count != 1) spec.w_zero.constant = nullptr;
  spec.m = batches.m;
  spec.n = batches.n;
  spec.k = batches.k;
  if (batches.m * batches.n * batches.k == 0) return unsupported("an 8-bit matrix product without elements");
  batches.product = TRY(kernels::make_int8_gemm(spec, pack_through(c)));
  return batches;
}

kernels::Int8Operands Int8Batches::operands(const kernels::Int8Operands& a, int64_t b) const {
  auto at = [](const void* data, int64_t offset) -> const void* {
    return data == nullptr ? nullptr : static_cast<const std::byte*>(data) + offset;
  };
  auto i = static_cast<size_t>(b);
  return {at(a.x, x[i] * m * k),
          at(a.w, w[i] * k * n),
          at(a.x_zero, b * x_zeros),
          at(a.w_zero, b * w_zeros),
          a.acc,
          a.scratch};
}

void join_scales(DType dtype, const void* w_scale, int64_t count, float factor, int64_t n, float* scale) {
  for (int64_t j = 0; j < n; ++j) scale[j] = kernels::scale_at(dtype, w_scale, count > 1 ? j : 0) * factor;
}

}  // namespace slipway::ops
