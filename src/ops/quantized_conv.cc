// slipway.QuantizedConv: a convolution on int8 weights in one kernel.
#include "ops/movement.h"
#include "ops/quantized_product.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  Dims y = TRY(ops::conv_output(c.node(), c.dims(ops::kX), c.dims(ops::kW)));
  RETURN_IF_ERROR(ops::expect_quantized(c, c.dims(ops::kW)[0]));
  c.set(0, ops::quantized_output(c.node(), c.has_input(ops::kYZero) ? c.dtype(ops::kYZero) : DType::u8), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  ops::Int8Conv conv = TRY(ops::int8_conv(c, ops::quantized_x(c), ops::kW, ops::quantized_x_zero(c), {}));
  return ops::quantized_kernel(c, conv.product, conv.rows, conv.channels, &conv.restore);
}

std::vector<Sample> samples() {
  Sample::Input w = ops::sample({3, 2, 3, 3}, DType::i8);
  Sample::Input steps = ops::fixed(Tensor::of<float>({3}, {0.1f, 0.2f, 0.3f}));
  Attributes padded = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}};
  return {{.inputs = {ops::sample({1, 2, 5, 5}), w, steps, ops::sample({3})}, .attributes = padded},
          {.inputs = {ops::sample({1, 2, 5, 5}, DType::u8),
                      w,
                      steps,
                      {},
                      ops::fixed(Tensor::scalar(0.5f)),
                      ops::fixed(Tensor::scalar<uint8_t>(3)),
                      ops::fixed(Tensor::scalar(0.7f)),
                      ops::fixed(Tensor::scalar<int8_t>(-4))},
           .attributes = padded}};
}

}  // namespace

OPERATOR(quantized_conv) = {
    .name = "QuantizedConv",
    .domain = "slipway",
    .doc =
        "activation(conv(x, w w_scale) + bias) in int8: x is quantized on the way in, y by y_scale when it is given.",
    .inputs = {3, 8},
    .attributes = ops::windowed({ops::kKernelShape, ops::kGroup, {"activation", ""}}),
    .infer = infer,
    .cpu = prepare,
    .quant = {Quant::weighted},
    .tflite = {"CONV_2D", "DEPTHWISE_CONV_2D when group = C; static scales only"},
    .samples = samples,
};

}  // namespace slipway
