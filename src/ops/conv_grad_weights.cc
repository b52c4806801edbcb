// ConvGradWeights: the gradient of Conv with respect to its filters and bias.
#include "ops/convolution.h"
#include "ops/expect.h"
#include "ops/movement.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_conv_gradient(c, 0, 2, 1));
  c.set(0, c.dtype(0), c.dims(2));
  c.set(1, c.dtype(0), {c.dims(2)[0]});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype != DType::f32) return unsupported("ConvGradWeights computes in float32");
  if (c.in(0).count() == 0 || c.in(1).count() == 0 || c.out(0).count() == 0) return ops::zero_kernel(c);
  ConvSpec spec = TRY(ops::conv_gradient_spec(c.node(), c.in(0).shape, c.in(2).shape, c.in(1).shape));
  spec.bias = c.has_output(1);
  spec.bf16 = ops::computes_bf16(c.node());
  spec.threads = c.threads();
  return ops::kernel_of(TRY(make_conv_backward_weights(spec)));
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {2, 3, 7, 6}}},
                      {.type = {DType::f32, {2, 4, 5, 4}}},
                      {.type = {DType::f32, {4, 3, 3, 3}}}},
           .outputs = 2},
          {.inputs = {{.type = {DType::f32, {2, 7, 6, 3}}},
                      {.type = {DType::f32, {2, 5, 4, 4}}},
                      {.type = {DType::f32, {4, 3, 3, 3}}}},
           .attributes = {{"channels_last", int64_t{1}}},
           .outputs = 2}};
}

}  // namespace

OPERATOR(conv_grad_weights) = {
    .name = "ConvGradWeights",
    .domain = "slipway",
    .doc = "(dW, dB) of Conv from (X, dY, W); of W only the shape counts. channels_last: X and dY are [N, ..., C].",
    .inputs = {3, 3},
    .outputs = {1, 2},
    .attributes = ops::windowed({ops::kKernelShape, ops::kGroup, ops::kCompute, ops::kChannelsLast}),
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
