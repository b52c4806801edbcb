// MaxPoolGrad: the backward pass of MaxPool.
#include "ops/pooling.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::PoolShape p = TRY(ops::pool_shape(c.node(), c.in(0).shape, c.in(1).shape));
  if (c.in(0).dtype != DType::f32) return unsupported("MaxPoolGrad computes in float32");
  int threads = c.threads();
  Kernel kernel;
  kernel.run = [p, threads](const KernelArgs& a) {
    kernels::max_pool_backward(p, a.input<float>(0), a.input<float>(1), a.output<float>(0), threads);
  };
  return kernel;
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {1, 2, 6, 6}}}, {.type = {DType::f32, {1, 2, 3, 3}}}},
           .attributes = {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}}}};
}

}  // namespace

OPERATOR(max_pool_grad) = {
    .name = "MaxPoolGrad",
    .domain = "slipway",
    .doc = "dx of MaxPool from (x, dy): dy goes to the first maximum of its window.",
    .inputs = {2, 2},
    .attributes = ops::windowed({ops::kPoolKernelShape, {"ceil_mode", 0}}),
    .infer = ops::infer_pool_grad,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
