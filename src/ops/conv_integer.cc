// ConvInteger.
#include "ops/batch_rules.h"
#include "ops/int8_conv.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_int8(c, 0, 2, 1, 3));
  c.set(0, DType::i32, TRY(ops::conv_output(c.node(), c.dims(0), c.dims(1))));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  ops::Int8Conv conv = TRY(ops::int8_conv(c, c.in(0).dtype, 1, ops::zero_point(c, 2), ops::zero_point(c, 3)));
  bool x_zero = c.has_input(2);
  bool w_zero = c.has_input(3);
  kernels::ScratchLayout layout;
  size_t product = layout.reserve(conv.product->scratch_bytes());
  size_t acc = layout.reserve(static_cast<size_t>(conv.rows * conv.channels) * sizeof(int32_t));
  Kernel kernel;
  kernel.scratch_bytes = layout.bytes();
  kernel.make_instance = [product = conv.product] { return product->make_instance(); };
  kernel.run = [=, threads = c.threads()](const KernelArgs& a) {
    auto* scratch = static_cast<std::byte*>(a.scratch);
    auto* sums = reinterpret_cast<int32_t*>(scratch + acc);
    kernels::Int8Operands operands = {a.in[0], a.in[1],          x_zero ? a.in[2] : nullptr, w_zero ? a.in[3] : nullptr,
                                      sums,    scratch + product};
    const int32_t* offset = conv.product->run(a.instance, operands);
    if (offset != nullptr) kernels::subtract_offset(offset, conv.channels, sums, conv.rows, threads);
    kernels::strided_copy(conv.restore, DType::i32, sums, a.out[0], threads);
  };
  return kernel;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({1, 2, 5, 5}, DType::u8), ops::sample({3, 2, 3, 3}, DType::i8),
                      ops::fixed(Tensor::scalar<uint8_t>(1))},
           .attributes = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}}};
}

}  // namespace

OPERATOR(conv_integer) = {
    .name = "ConvInteger",
    .since = 10,
    .doc = "Convolution of x - x_zero_point with w - w_zero_point, 8-bit integers summed in int32.",
    .inputs = {2, 4},
    .attributes = ops::windowed({ops::kKernelShape, ops::kGroup}),
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .quant = {Quant::weighted},
    .tflite = {nullptr, "TFLite has no int32 convolution; quantize statically instead"},
    .samples = samples,
};

}  // namespace slipway
