// Card: Hardmax.
#include "ops/batch_rules.h"
#include "ops/softmax.h"

namespace slipway {
namespace {

template <typename T>
void hardmax(const T* x, T* y, int64_t n, int64_t inner) {
  for (int64_t k = 0; k < inner; ++k) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; ++i) {
      if (kernels::widen(x[i * inner + k]) > kernels::widen(x[best * inner + k])) best = i;
    }
    for (int64_t i = 0; i < n; ++i) y[i * inner + k] = convert_element<T>(i == best ? 1.f : 0.f);
  }
}

Result<Kernel> prepare(const PrepareContext& c) {
  ops::AxisSplit split = TRY(ops::split_at_axis(c.in(0).shape, c.node().integer("axis")));
  return ops::for_types(ops::FloatTypes{}, c, c.in(0).dtype,
                        [&]<typename T>(TypeTag<T>) { return ops::along_axis_kernel<T>(c, split, hardmax<T>); });
}

}  // namespace

OPERATOR(hardmax) = {
    .name = "Hardmax",
    .doc = "1 at the first largest element along `axis`, 0 elsewhere.",
    .attributes = {{{"axis", -1}}},
    .infer = ops::infer_along_axis,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::along_axis,
    .tflite = {nullptr, "no lowering is written to ARG_MAX and ONE_HOT"},
    .samples = ops::along_axis_samples,
};

}  // namespace slipway
