// Kernels of element-wise cards that go through SIMD.
#include "ops/elementwise.h"

#include <fmt/format.h>

namespace slipway::ops {

Status no_arithmetic(const PrepareContext& c, DType found, std::initializer_list<DType> allowed) {
  std::string names;
  for (DType t : allowed) names += (names.empty() ? "" : ", ") + std::string(dtype_name(t));
  return unsupported(fmt::format("{} is not computed in {}; expected one of {} (insert a Cast)", describe(c.node()),
                                 dtype_name(found), names));
}

Kernel unary_f32_kernel(const PrepareContext& c, kernels::Unary simd, kernels::Params params) {
  kernels::UnaryFn f = kernels::unary_f32(simd);
  int64_t n = c.out(0).count();
  int threads = c.threads();
  return {[=](const KernelArgs& args) {
    const float* x = args.input<float>(0);
    float* y = args.output<float>(0);
    parallel_for(threads, n, kElementGrain,
                 [&](int64_t begin, int64_t end) { f(x + begin, y + begin, end - begin, params); });
  }};
}

Result<Kernel> binary_f32_kernel(const PrepareContext& c, kernels::Binary simd) {
  kernels::BroadcastPlan plan = TRY(broadcast_plan(c));
  kernels::BinaryFn f = kernels::binary_f32(simd);
  int threads = c.threads();
  return Kernel{[=](const KernelArgs& args) {
    const float* a = args.input<float>(0);
    const float* b = args.input<float>(1);
    float* y = args.output<float>(0);
    parallel_for(threads, plan.count(), kElementGrain, [&](int64_t begin, int64_t end) {
      kernels::walk_rows<2>(plan, begin, end, [&](int64_t out, int64_t n, const std::array<int64_t, 2>& at) {
        f(a + at[0], plan.steps[0], b + at[1], plan.steps[1], y + out, n);
      });
    });
  }};
}

Result<kernels::BroadcastPlan> broadcast_plan(const PrepareContext& c) {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < c.input_count(); ++i) shapes.push_back(c.in(i).shape);
  return kernels::plan_broadcast(shapes, c.out(0).shape);
}

}  // namespace slipway::ops
