// QLinearMatMul.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/int8_matmul.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// Inputs: a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point.
Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_int8(c, 0, 2, 3, 5));
  RETURN_IF_ERROR(ops::expect_dtype(c, 7, {DType::u8, DType::i8}));
  for (size_t i : {1, 4, 6}) RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::f32, DType::f16, DType::bf16}));
  c.set(0, c.dtype(7), TRY(ops::matmul_dims(c.dims(0), c.dims(3))));
  return {};
}

struct Epilogue {
  DType scales, q;
  int64_t a_scales, b_scales, n;
  int threads;

  // y = round(acc a_scale b_scale / y_scale) + y_zero_point for product `b` of m rows.
  void run(const KernelArgs& a, const int32_t* acc, const int32_t* offset, int64_t b, int64_t m, float* scale) const {
    float step = kernels::scale_at(scales, a.in[6], 0);
    int32_t zero = kernels::zero_at(q, a.in[7], 0);
    int32_t low = q == DType::u8 ? 0 : -128;
    auto* y = static_cast<std::byte*>(a.out[0]) + b * m * n;
    bool by_row = a_scales > 1;
    for (int64_t row = 0; row < (by_row ? m : 1); ++row) {
      float a_scale = kernels::scale_at(scales, a.in[1], by_row ? (b * m + row) % a_scales : 0);
      ops::join_scales(scales, a.in[4], b_scales, a_scale, n, scale);
      for (int64_t j = 0; j < n; ++j) scale[j] /= step;
      kernels::Rescale rescale = {.n = n, .offset = offset, .scale = scale};
      kernels::rescale_to_int8(rescale, acc + row * n, by_row ? 1 : m, zero, low, q, y + row * n, threads);
    }
  }
};

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  ops::Int8Batches batches = TRY(ops::int8_batches(c, 0, 3, 2, 5));
  Epilogue epilogue = {c.in(1).dtype, c.out(0).dtype, c.in(1).count(), c.in(4).count(), batches.n, c.threads()};
  if (epilogue.b_scales != 1 && epilogue.b_scales != batches.n) {
    return invalid(fmt::format("b_scale has {} elements; expected 1 or {}", epilogue.b_scales, batches.n));
  }
  kernels::ScratchLayout layout;
  size_t product = layout.reserve(batches.product->scratch_bytes());
  size_t acc = layout.reserve(static_cast<size_t>(batches.m * batches.n) * sizeof(int32_t));
  size_t scale = layout.reserve(static_cast<size_t>(batches.n) * sizeof(float));
  Kernel kernel;
  kernel.scratch_bytes = layout.bytes();
  kernel.make_instance = [product = batches.product] { return product->make_instance(); };
  kernel.run = [=](const KernelArgs& a) {
    auto* scratch = static_cast<std::byte*>(a.scratch);
    auto* sums = reinterpret_cast<int32_t*>(scratch + acc);
    kernels::Int8Operands operands = {a.in[0], a.in[3], a.in[2], a.in[5], sums, scratch + product};
    for (int64_t b = 0; b < batches.count; ++b) {
      const int32_t* offset = batches.product->run(a.instance, batches.operands(operands, b));
      epilogue.run(a, sums, offset, b, batches.m, reinterpret_cast<float*>(scratch + scale));
    }
  };
  return kernel;
}

std::vector<Sample> samples() {
  auto scale = [](float x) { return ops::fixed(Tensor::scalar(x)); };
  auto zero = [](uint8_t x) { return ops::fixed(Tensor::scalar(x)); };
  return {{.inputs = {ops::sample({3, 4}, DType::u8), scale(0.1f), zero(1), ops::sample({4, 2}, DType::u8), scale(0.2f),
                      zero(128), scale(0.3f), zero(2)}}};
}

}  // namespace

OPERATOR(qlinear_matmul) = {
    .name = "QLinearMatMul",
    .since = 10,
    .doc = "Quantized A B: dequantize both, multiply, quantize with y's scale and zero point; sums in int32.",
    .inputs = {8, 8},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::qlinear_matmul,
    .tflite = {"BATCH_MATMUL", "int8 with zero-point 0 weights; FULLY_CONNECTED when B is a constant"},
    .samples = samples,
};

}  // namespace slipway
