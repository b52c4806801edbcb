// LpPool.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/pooling.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::PoolShape shape = TRY(ops::pool_shape(c.node(), c.in(0).shape, c.out(0).shape));
  int64_t p = c.node().integer("p");
  if (p < 1) return invalid(fmt::format("p is {}; expected at least 1", p));
  int threads = c.threads();
  auto typed = [&]<typename T>(T) {
    return Kernel{[=](const KernelArgs& a) { kernels::lp_pool(shape, a.input<T>(0), a.output<T>(0), p, threads); }};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported(fmt::format("LpPool has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  return {{.inputs = {ops::random_input({1, 2, 6, 6})},
           .attributes = {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
          {.inputs = {ops::random_input({2, 1, 7})},
           .attributes = {{"kernel_shape", Ints{3}}, {"pads", Ints{1, 1}}, {"p", int64_t{3}}}}};
}

}  // namespace

OPERATOR(lp_pool) = {
    .name = "LpPool",
    .since = 1,
    .doc = "(sum |x|^p)^(1/p) of each window over the spatial dimensions of [N, C, ...].",
    .attributes = ops::windowed({ops::kPoolKernelShape, {"ceil_mode", 0}, {"p", 2}}),
    .infer = ops::infer_pool,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "TFLite's L2_POOL_2D divides by the size of the window"},
    .samples = samples,
};

}  // namespace slipway
