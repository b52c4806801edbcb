// What ArgMax and ArgMin share.
#pragma once

#include "ops/softmax.h"

namespace slipway::ops {

inline constexpr AttributeSpec kArgAxis = {"axis", 0};
inline constexpr AttributeSpec kSelectLast = {"select_last_index", 0};

// Output 0: int64, the axis reduced to 1 or, without keepdims, gone.
Status infer_arg(InferContext& c);

// better(a, b): a replaces the best so far, b. NaN is better than any number, the first one winning.
template <typename F>
Result<Kernel> prepare_arg(const PrepareContext& c, F better) {
  AxisSplit split = TRY(split_at_axis(c.in(0).shape, c.node().integer("axis")));
  if (split.n == 0) return invalid("the axis has no elements to choose from");
  bool last = c.node().integer("select_last_index") != 0;
  return for_types(NumberTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) -> Kernel {
    return {[=](const KernelArgs& args) {
      const T* x = args.input<T>(0);
      int64_t* y = args.output<int64_t>(0);
      for (int64_t i = 0; i < split.outer * split.inner; ++i) {
        const T* from = x + i / split.inner * split.n * split.inner + i % split.inner;
        int64_t best = 0;
        auto most = kernels::widen(from[0]);
        for (int64_t k = 1; k < split.n && most == most; ++k) {
          auto value = kernels::widen(from[k * split.inner]);
          if (better(value, most) || (last && value == most) || value != value) {
            best = k;
            most = value;
          }
        }
        y[i] = best;
      }
    }};
  });
}

// The last, first and a middle axis, with ties, both choices among them.
std::vector<Sample> arg_samples();

}  // namespace slipway::ops
