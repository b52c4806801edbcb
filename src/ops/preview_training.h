// What the optimizers of ONNX's ai.onnx.preview.training domain share: R and T first, then groups of n tensors.
#pragma once

#include "ops/elementwise.h"
#include "ops/optimizer.h"

namespace slipway::ops {

inline constexpr const char* kPreviewTraining = "ai.onnx.preview.training";

// Checks R (float32 or float64 scalar) and T (int64 scalar), then the groups.
Status infer_preview(InferContext& c, const OptimizerLayout& layout);

// update(element, rate, time, in, out) for element i of every tensor: in[g] and out[g] are the groups' pointers.
// rate is R in T's type; time is T.
template <typename F>
Result<Kernel> prepare_preview(const PrepareContext& c, const OptimizerLayout& layout, F make_update) {
  size_t n = (c.input_count() - layout.scalars) / layout.in_groups;
  DType rate_type = c.in(0).dtype;
  std::vector<int64_t> counts;
  for (size_t i = 0; i < n; ++i) counts.push_back(c.in(layout.scalars + i).count());
  return for_types(Types<float, double>{}, c, c.in(layout.scalars).dtype, [&]<typename T>(TypeTag<T>) -> Kernel {
    return {[=](const KernelArgs& args) {
      T rate = rate_type == DType::f64 ? static_cast<T>(*args.input<double>(0)) : static_cast<T>(*args.input<float>(0));
      auto update = make_update(rate, *args.input<int64_t>(1));
      for (size_t i = 0; i < n; ++i) {
        const T* in[4] = {};
        T* out[3] = {};
        for (size_t g = 0; g < layout.in_groups; ++g) in[g] = args.input<T>(layout.scalars + g * n + i);
        for (size_t g = 0; g < layout.out_groups; ++g) out[g] = args.output<T>(g * n + i);
        for (int64_t at = 0; at < counts[i]; ++at) update(at, in, out);
      }
    }};
  });
}

// One tensor, and two of different shapes; `attributes` for both.
std::vector<Sample> preview_samples(const OptimizerLayout& layout, const Attributes& attributes);

}  // namespace slipway::ops
