// MatMulInteger.
#include "ops/batch_rules.h"
#include "ops/int8_matmul.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_int8(c, 0, 2, 1, 3));
  c.set(0, DType::i32, TRY(ops::matmul_dims(c.dims(0), c.dims(1))));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  ops::Int8Batches batches = TRY(ops::int8_batches(c, 0, 1, 2, 3));
  bool x_zero = c.has_input(2);
  bool w_zero = c.has_input(3);
  Kernel kernel;
  kernel.scratch_bytes = batches.product->scratch_bytes();
  kernel.make_instance = [product = batches.product] { return product->make_instance(); };
  kernel.run = [batches, x_zero, w_zero, threads = c.threads()](const KernelArgs& a) {
    for (int64_t b = 0; b < batches.count; ++b) {
      kernels::Int8Operands operands = {a.in[0],
                                        a.in[1],
                                        x_zero ? a.in[2] : nullptr,
                                        w_zero ? a.in[3] : nullptr,
                                        a.output<int32_t>(0) + b * batches.m * batches.n,
                                        a.scratch};
      const int32_t* offset = batches.product->run(a.instance, batches.operands(operands, b));
      if (offset != nullptr) kernels::subtract_offset(offset, batches.n, operands.acc, batches.m, threads);
    }
  };
  return kernel;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 4}, DType::u8), ops::sample({4, 2}, DType::i8)}},
          {.inputs = {ops::sample({2, 3, 4}, DType::u8), ops::sample({4, 2}, DType::i8),
                      ops::fixed(Tensor::scalar<uint8_t>(3))}}};
}

}  // namespace

OPERATOR(matmul_integer) = {
    .name = "MatMulInteger",
    .since = 10,
    .doc = "(A - a_zero_point) (B - b_zero_point) of 8-bit integers, summed in int32.",
    .inputs = {2, 4},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::matmul_integer,
    .quant = {Quant::weighted},
    .tflite = {nullptr, "TFLite has no int32 product; quantize statically instead"},
    .samples = samples,
};

}  // namespace slipway
