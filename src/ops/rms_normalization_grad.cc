// RMSNormalizationGrad: the backward pass of RMSNormalization.
#include "kernels/group_normalization.h"
#include "ops/expect.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_same_dtypes(c));
  RETURN_IF_ERROR(ops::expect_dims(c, 2, "dY", c.dims(0)));
  c.set(0, c.dtype(0), c.dims(0));
  c.set(1, c.dtype(1), c.dims(1));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::expect_rows(c.in(0), c.in(1)));
  int64_t size = c.in(1).count(), rows = size == 0 ? 0 : c.in(0).count() / size;
  float epsilon = c.node().real("epsilon");
  auto typed = [&]<typename T>(T) {
    return Kernel{[=](const KernelArgs& a) {
      kernels::rms_normalize_backward(rows, size, a.input<T>(0), a.input<T>(1), a.input<T>(2), epsilon, a.output<T>(0),
                                      a.output<T>(1));
    }};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported("RMSNormalizationGrad computes in float32 and float64");
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({3, 8}), ops::random_input({8}), ops::random_input({3, 8})}, .outputs = 2}};
}

}  // namespace

OPERATOR(rms_normalization_grad) = {
    .name = "RMSNormalizationGrad",
    .domain = "slipway",
    .doc = "(dX, dscale) of RMSNormalization from (X, scale, dY).",
    .inputs = {3, 3},
    .outputs = {2, 2},
    .attributes = {{{"epsilon", 1e-5f}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
