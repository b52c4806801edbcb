// LRNGrad: the backward pass of LRN.
#include "ops/local_response.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::LocalResponse l = ops::local_response_of(c.node(), c.in(0));
  auto typed = [&]<typename T>(T) {
    return Kernel{[=](const KernelArgs& a) {
      kernels::local_response_backward(l, a.input<T>(0), a.input<T>(1), a.output<T>(0));
    }};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported("LRNGrad computes in float32 and float64");
}

std::vector<Sample> samples() {
  return {
      {.inputs = {ops::random_input({2, 4, 3}), ops::random_input({2, 4, 3})}, .attributes = {{"size", int64_t{3}}}}};
}

}  // namespace

OPERATOR(lrn_grad) = {
    .name = "LRNGrad",
    .domain = "slipway",
    .doc = "dX of LRN from (X, dY).",
    .inputs = {2, 2},
    .attributes = {{ops::kLrnAlpha, ops::kLrnBeta, ops::kLrnBias, ops::kLrnSize}},
    .infer = ops::infer_local_response,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
