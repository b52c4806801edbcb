// slipway.QuantizedConvChannelsLast: a convolution from 8 bits to 8 bits (or float32) on [N, ..., C] in one primitive.
#include <cmath>

#include <fmt/format.h>

#include "ops/int8_conv.h"
#include "ops/requantization.h"

namespace slipway {
namespace {

enum Input : size_t { kX, kW, kScale, kBias };

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, kX, {DType::u8, DType::i8}));
  RETURN_IF_ERROR(ops::expect_dtype(c, kW, {DType::i8}));
  for (size_t i : {kScale, kBias}) RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::f32}));
  if (c.dims(kX).size() < 3) return invalid(fmt::format("x {}; expected [N, ..., C]", to_string(c.dims(kX))));
  Dims y = TRY(ops::conv_output(c.node(), ops::channels_first(c.dims(kX)), c.dims(kW)));
  c.set(0, TRY(ops::requantized_dtype(c.node())), ops::channels_last(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  for (size_t i : {kW, kScale, kBias}) {
    if (c.constant(i) == nullptr) return unsupported("QuantizedConvChannelsLast takes constant w, scale and bias");
    if (i != kW && c.in(i).count() != c.in(kW).shape[0]) {
      return invalid(
          fmt::format("scale or bias {}; expected {} elements", to_string(c.in(i).shape), c.in(kW).shape[0]));
    }
  }
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  kernels::RequantizedConvSpec spec;
  spec.conv = TRY(ops::int8_conv_spec(c.node(), ops::channels_first(c.in(kX).shape), c.in(kW).shape,
                                      ops::channels_first(c.out(0).shape)));
  spec.conv.x_dtype = c.in(kX).dtype;
  spec.conv.constant_w = c.constant(kW);
  spec.y = c.out(0).dtype;
  spec.x_zero = static_cast<int32_t>(c.node().integer("x_zero"));
  spec.scale = c.constant(kScale)->data<float>();
  spec.bias = c.constant(kBias)->data<float>();
  spec.low = std::max(c.node().real("low"), spec.least());
  spec.high = std::min(c.node().real("high"), spec.greatest());
  spec.threads = c.threads();
  return ops::kernel_of(TRY(kernels::make_requantized_conv(spec, ops::pack_through(c))));
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  Sample::Input w = {.type = {DType::i8, {4, 3, 3, 3}}, .low = -8, .high = 8, .constant = true};
  Sample::Input scale = {.value = Tensor::of<float>({4}, {0.1f, 0.2f, 0.3f, 0.4f}), .constant = true};
  Sample::Input bias = {.type = {DType::f32, {4}}, .constant = true};
  scale.type = scale.value.type();
  return {{.inputs = {{.type = {DType::u8, {2, 7, 6, 3}}, .low = 0, .high = 9}, w, scale, bias},
           .attributes = {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 1}}, {"x_zero", int64_t{3}}}},
          {.inputs = {{.type = {DType::u8, {1, 7, 6, 3}}, .low = 0, .high = 9}, w, scale, bias},
           .attributes = {{"x_zero", int64_t{5}}, {"dtype", int64_t{1}}, {"low", 0.0f}}}};
}

}  // namespace

OPERATOR(quantized_conv_channels_last) = {
    .name = "QuantizedConvChannelsLast",
    .domain = "slipway",
    .doc =
        "clamp(round(scale[m] conv(x - x_zero, w) + bias[m]), low, high) of 8-bit x [N, ..., C] and filters w [M, C / "
        "group, ...], to [N, ..., M] of type `dtype`; float32 is not rounded.",
    .inputs = {4, 4},
    .attributes =
        ops::windowed({ops::kKernelShape, ops::kGroup, {"x_zero", 0}, ops::kRequantizedDtype, ops::kLow, ops::kHigh}),
    .infer = infer,
    .cpu = prepare,
    .rows = Rows::first,
    .quant = {Quant::weighted},
    .tflite = {nullptr, "only a session's rewrites make it; a model holds Conv between quantized values"},
    .samples = samples,
};

}  // namespace slipway
