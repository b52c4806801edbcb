// LayerNormalizationGrad: the backward pass of LayerNormalization.
#include "kernels/normalization.h"
#include "ops/expect.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_same_dtypes(c));
  RETURN_IF_ERROR(ops::expect_dims(c, 2, "dY", c.dims(0)));
  c.set(0, c.dtype(0), c.dims(0));
  c.set(1, c.dtype(1), c.dims(1));
  c.set(2, c.dtype(1), c.dims(1));
  return {};
}

template <typename T>
Kernel typed(const PrepareContext& c) {
  int64_t size = c.in(1).count(), rows = size == 0 ? 0 : c.in(0).count() / size;
  float epsilon = c.node().real("epsilon");
  int threads = c.threads();
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(kernels::layer_normalize_backward_scratch(size)) * sizeof(T);
  kernel.run = [=](const KernelArgs& a) {
    kernels::layer_normalize_backward(rows, size, a.input<T>(0), a.input<T>(1), a.input<T>(2), epsilon, a.output<T>(0),
                                      a.output<T>(1), a.output<T>(2), static_cast<T*>(a.scratch), threads);
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::expect_rows(c.in(0), c.in(1)));
  if (c.in(0).dtype == DType::f32) return typed<float>(c);
  if (c.in(0).dtype == DType::f64) return typed<double>(c);
  return unsupported("LayerNormalizationGrad computes in float32 and float64");
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {3, 8}}}, {.type = {DType::f32, {8}}}, {.type = {DType::f32, {3, 8}}}},
           .outputs = 3}};
}

}  // namespace

OPERATOR(layer_normalization_grad) = {
    .name = "LayerNormalizationGrad",
    .domain = "slipway",
    .doc = "(dX, dscale, dbias) of LayerNormalization from (X, scale, dY).",
    .inputs = {3, 3},
    .outputs = {3, 3},
    .attributes = {{{"axis", -1}, {"epsilon", 1e-5f}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
