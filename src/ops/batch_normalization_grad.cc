// BatchNormalizationGrad: the backward pass of BatchNormalization while training.
#include "kernels/normalization.h"
#include "ops/expect.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  if (x.empty()) return invalid("X must have a batch dimension");
  RETURN_IF_ERROR(ops::expect_same_dtypes(c));
  RETURN_IF_ERROR(ops::expect_dims(c, 1, "scale", {x.size() > 1 ? x[1] : Dim(1)}));
  RETURN_IF_ERROR(ops::expect_dims(c, 2, "dY", x));
  c.set(0, c.dtype(0), x);
  c.set(1, c.dtype(1), c.dims(1));
  c.set(2, c.dtype(1), c.dims(1));
  return {};
}

template <typename T>
Kernel typed(const PrepareContext& c) {
  const Shape& x = c.in(0).shape;
  kernels::ChannelShape s{x[0], x.size() > 1 ? x[1] : 1, 0};
  s.size = s.batch * s.channels == 0 ? 0 : c.in(0).count() / (s.batch * s.channels);
  float epsilon = c.node().real("epsilon");
  int threads = c.threads();
  Kernel kernel;
  kernel.run = [=](const KernelArgs& a) {
    kernels::batch_normalize_backward(s, a.input<T>(0), a.input<T>(1), a.input<T>(2), epsilon, a.output<T>(0),
                                      a.output<T>(1), a.output<T>(2), threads);
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype == DType::f32) return typed<float>(c);
  if (c.in(0).dtype == DType::f64) return typed<double>(c);
  return unsupported("BatchNormalizationGrad computes in float32 and float64");
}

std::vector<Sample> samples() {
  return {
      {.inputs = {{.type = {DType::f32, {4, 3, 2}}}, {.type = {DType::f32, {3}}}, {.type = {DType::f32, {4, 3, 2}}}},
       .outputs = 3}};
}

}  // namespace

OPERATOR(batch_normalization_grad) = {
    .name = "BatchNormalizationGrad",
    .domain = "slipway",
    .doc = "(dX, dscale, dbias) of BatchNormalization in training mode from (X, scale, dY).",
    .inputs = {3, 3},
    .outputs = {3, 3},
    .attributes = {{{"epsilon", 1e-5f}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
