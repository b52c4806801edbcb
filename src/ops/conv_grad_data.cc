// ConvGradData: the gradient of Conv with respect to its input.
#include "ops/convolution.h"
#include "ops/expect.h"
#include "ops/movement.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_conv_gradient(c, 2, 1, 0));
  c.set(0, c.dtype(0), c.dims(2));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype != DType::f32) return unsupported("ConvGradData computes in float32");
  if (c.in(0).count() == 0 || c.in(1).count() == 0 || c.out(0).count() == 0) return ops::zero_kernel(c);
  ConvSpec spec = TRY(ops::conv_gradient_spec(c.node(), c.out(0).shape, c.in(1).shape, c.in(0).shape));
  spec.bf16 = ops::computes_bf16(c.node());
  spec.threads = c.threads();
  return ops::kernel_of(TRY(make_conv_backward_data(spec)));
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {2, 4, 5, 4}}},
                      {.type = {DType::f32, {4, 3, 3, 3}}},
                      {.type = {DType::f32, {2, 3, 7, 6}}}}},
          {.inputs = {{.type = {DType::f32, {2, 5, 4, 4}}},
                      {.type = {DType::f32, {4, 3, 3, 3}}},
                      {.type = {DType::f32, {2, 7, 6, 3}}}},
           .attributes = {{"channels_last", int64_t{1}}}}};
}

}  // namespace

OPERATOR(conv_grad_data) = {
    .name = "ConvGradData",
    .domain = "slipway",
    .doc = "dX of Conv from (dY, W, X); of X only the shape counts. channels_last: dY, X and dX are [N, ..., C].",
    .inputs = {3, 3},
    .attributes = ops::windowed({ops::kKernelShape, ops::kGroup, ops::kCompute, ops::kChannelsLast}),
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
