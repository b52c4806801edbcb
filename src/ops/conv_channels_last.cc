// slipway.ConvChannelsLast: Conv on [N, ..., C], the layout that the primitives like.
#include <fmt/format.h>

#include "ops/convolution.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  if (c.dims(0).size() < 3) return invalid(fmt::format("X {}; expected [N, ..., C]", to_string(c.dims(0))));
  Dims y = TRY(ops::conv_output(c.node(), ops::channels_first(c.dims(0)), c.dims(1)));
  RETURN_IF_ERROR(ops::expect_conv_operands(c, y[1]));
  c.set(0, c.dtype(0), ops::channels_last(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype != DType::f32) return unsupported("ConvChannelsLast computes in float32");
  if (c.out(0).count() == 0) return Kernel{[](const KernelArgs&) {}};
  ConvSpec spec = TRY(
      ops::conv_spec(c.node(), ops::channels_first(c.in(0).shape), c.in(1).shape, ops::channels_first(c.out(0).shape)));
  spec.channels_last = true;
  spec.bias = c.has_input(2);
  spec.post = TRY(ops::post_of(c.node()));
  spec.bf16 = ops::computes_bf16(c.node());
  spec.threads = c.threads();
  spec.constant_w = c.constant(1);
  return ops::kernel_of(TRY(make_conv(spec, ops::pack_through(c))));
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  return {{.inputs = {{.type = {DType::f32, {2, 7, 6, 3}}},
                      {.type = {DType::f32, {4, 3, 3, 3}}, .constant = true},
                      {.type = {DType::f32, {4}}, .constant = true}},
           .attributes = {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 1}}}},
          {.inputs = {{.type = {DType::f32, {2, 9, 2}}}, {.type = {DType::f32, {3, 2, 3}}}},
           .attributes = {{"dilations", Ints{2}}, {"activation", "Relu"}}}};
}

}  // namespace

OPERATOR(conv_channels_last) = {
    .name = "ConvChannelsLast",
    .domain = "slipway",
    .doc = "Conv of X [N, ..., C] with filters W [M, C / group, ...], plus B [M], to [N, ..., M].",
    .inputs = {2, 3},
    .attributes = ops::windowed({ops::kKernelShape, ops::kGroup, ops::kActivation, ops::kActivationAlpha,
                                 ops::kActivationBeta, ops::kCompute}),
    .infer = infer,
    .cpu = prepare,
    .rows = Rows::first,
    .quant = {Quant::weighted},
    .tflite = {nullptr, "only a session's rewrites make it; a model holds Conv"},
    .samples = samples,
};

}  // namespace slipway
