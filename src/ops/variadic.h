// What Sum, Mean, Min and Max share: any number of operands folded element by element, broadcast.
#pragma once

#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway::ops {

// y = scale * (x0 f x1 f …). Blocks of every operand are folded before a block of y is written, so y may share
// memory with any whole operand.
template <typename T, typename F>
Kernel variadic_kernel(const PrepareContext& c, const kernels::BroadcastPlan& plan, F f, double scale) {
  using C = kernels::Compute<T>;
  constexpr int64_t kBlock = 512;
  size_t operands = c.input_count();
  int threads = c.threads();
  return {[=](const KernelArgs& args) {
    T* y = args.output<T>(0);
    auto block = [&](int64_t out, int64_t row, int64_t in_row, int64_t n) {
      C folded[kBlock];
      for (size_t k = 0; k < operands; ++k) {
        const T* x = args.input<T>(k) + plan.offset(k, row) + in_row * plan.steps[k];
        if (k == 0) {
          for (int64_t i = 0; i < n; ++i) folded[i] = kernels::widen(x[i * plan.steps[0]]);
        } else {
          f(folded, x, plan.steps[k], n);
        }
      }
      if (scale != 1) {
        for (int64_t i = 0; i < n; ++i) folded[i] = static_cast<C>(folded[i] * static_cast<C>(scale));
      }
      for (int64_t i = 0; i < n; ++i) y[out + i] = convert_element<T>(folded[i]);
    };
    parallel_for(threads, plan.count(), kElementGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end;) {
        int64_t row = i / plan.row_size, in_row = i % plan.row_size;
        int64_t n = std::min({end - i, plan.row_size - in_row, kBlock});
        block(i, row, in_row, n);
        i += n;
      }
    });
  }};
}

// A card's `.cpu` from f(a, b), float32 through `simd`.
template <typename List, typename F>
Result<Kernel> prepare_variadic(const PrepareContext& c, F f, kernels::Binary simd, double scale = 1) {
  kernels::BroadcastPlan plan = TRY(broadcast_plan(c));
  if (c.in(0).dtype == DType::f32) {
    kernels::BinaryFn join = kernels::binary_f32(simd);
    auto fold = [join](float* y, const float* x, int64_t step, int64_t n) { join(y, 1, x, step, y, n); };
    return variadic_kernel<float>(c, plan, fold, scale);
  }
  return for_types(List{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    auto fold = [f](kernels::Compute<T>* y, const T* x, int64_t step, int64_t n) {
      for (int64_t i = 0; i < n; ++i) y[i] = f(y[i], kernels::widen(x[i * step]));
    };
    return variadic_kernel<T>(c, plan, fold, scale);
  });
}

// One, two and three operands.
std::vector<Sample> variadic_samples();

// The gradient of Min and Max: dx_i = dy where x_i = y, shared evenly among ties.
Result<Values> extreme_gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy);

}  // namespace slipway::ops
