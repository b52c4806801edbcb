// What the softmax cards share: distributions along one axis.
#pragma once

#include "kernels/softmax.h"
#include "ops/axis.h"
#include "ops/elementwise.h"

namespace slipway::ops {

// f(x, y, n, inner) for each of the outer parts.
template <typename T, typename F>
Kernel along_axis_kernel(const PrepareContext& c, const AxisSplit& split, F f) {
  int threads = c.threads();
  int64_t part = split.n * split.inner;
  int64_t grain = part > 0 ? kElementGrain / 8 / part + 1 : 1;
  return {[=](const KernelArgs& args) {
    const T* x = args.input<T>(0);
    T* y = args.output<T>(0);
    parallel_for(threads, split.outer, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(x + i * part, y + i * part, split.n, split.inner);
    });
  }};
}

// Softmax, or LogSoftmax when kLog.
template <bool kLog>
Result<Kernel> prepare_softmax(const PrepareContext& c) {
  AxisSplit split = TRY(split_at_axis(c.in(0).shape, c.node().integer("axis")));
  if (c.in(0).dtype == DType::f32) {
    return along_axis_kernel<float>(c, split, kLog ? kernels::log_softmax_f32() : kernels::softmax_f32());
  }
  return for_types(FloatTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    return along_axis_kernel<T>(c, split, kernels::softmax_any<kLog, T>);
  });
}

}  // namespace slipway::ops
