// What the softmax cards share: distributions along one axis.
#pragma once

#include <algorithm>
#include <array>

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

// Short distributions that follow each other, many at a time: side by side they fill vectors.
inline constexpr int64_t kShortDistribution = 8, kDistributionsTogether = 64;
inline Kernel short_rows_kernel(const PrepareContext& c, const AxisSplit& split, kernels::SoftmaxFn f) {
  return {[n = split.n, rows = split.outer, f, threads = c.threads()](const KernelArgs& args) {
    const float* x = args.input<float>(0);
    float* y = args.output<float>(0);
    parallel_for(threads, rows, kElementGrain / 8 / n + 1, [&](int64_t begin, int64_t end) {
      std::array<float, kShortDistribution * kDistributionsTogether> columns;
      for (int64_t first = begin; first < end; first += kDistributionsTogether) {
        const int64_t count = std::min(kDistributionsTogether, end - first);
        const float* from = x + first * n;
        float* to = y + first * n;
        for (int64_t k = 0; k < n; ++k) {
          for (int64_t i = 0; i < count; ++i) columns[static_cast<size_t>(k * count + i)] = from[i * n + k];
        }
        f(columns.data(), columns.data(), n, count);
        for (int64_t k = 0; k < n; ++k) {
          for (int64_t i = 0; i < count; ++i) to[i * n + k] = columns[static_cast<size_t>(k * count + i)];
        }
      }
    });
  }};
}

// Softmax, or LogSoftmax when kLog.
template <bool kLog>
Result<Kernel> prepare_softmax(const PrepareContext& c) {
  AxisSplit split = TRY(split_at_axis(c.in(0).shape, c.node().integer("axis")));
  if (c.in(0).dtype == DType::f32) {
    const kernels::SoftmaxFn f = kLog ? kernels::log_softmax_f32() : kernels::softmax_f32();
    const bool short_rows = split.inner == 1 && split.n > 1 && split.n <= kShortDistribution;
    return short_rows ? short_rows_kernel(c, split, f) : along_axis_kernel<float>(c, split, f);
  }
  return for_types(FloatTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    return along_axis_kernel<T>(c, split, kernels::softmax_any<kLog, T>);
  });
}

}  // namespace slipway::ops
