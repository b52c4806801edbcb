// Card: Clip.
#include <limits>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    RETURN_IF_ERROR(ops::expect_dtype(c, i, {c.dtype(0)}));
    for (const Dim& dim : c.dims(i)) {
      if (dim.known() && dim.size != 1) {
        return invalid(fmt::format("limit {} has shape {}; expected a scalar", i, to_string(c.dims(i))));
      }
    }
  }
  return ops::infer_same(c);
}

template <typename T>
Kernel clip_kernel(const PrepareContext& c) {
  int64_t n = c.out(0).count();
  int threads = c.threads();
  bool has_low = c.has_input(1), has_high = c.has_input(2);
  kernels::UnaryFn simd = kernels::unary_f32(kernels::Unary::clip);
  return {[=](const KernelArgs& args) {
    using C = kernels::Compute<T>;
    using Limits = std::numeric_limits<C>;
    C low = has_low ? kernels::widen(*args.input<T>(1)) : Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    C high = has_high ? kernels::widen(*args.input<T>(2)) : Limits::has_infinity ? Limits::infinity() : Limits::max();
    const T* x = args.input<T>(0);
    T* y = args.output<T>(0);
    parallel_for(threads, n, ops::kElementGrain, [&](int64_t begin, int64_t end) {
      if constexpr (std::is_same_v<T, float>) {
        simd(x + begin, y + begin, end - begin, {low, high});
      } else {
        auto clip = [=](C v) {
          C raised = v < low ? low : v;
          return raised > high ? high : raised;
        };
        kernels::map_row(clip, x + begin, y + begin, end - begin);
      }
    });
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::for_types(ops::NumberTypes{}, c, c.in(0).dtype,
                        [&]<typename T>(TypeTag<T>) { return clip_kernel<T>(c); });
}

// dx = y = x ? dy : 0; the limits get none
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values& y, const Values& dy) {
  return Values{ops::where_or_zero(b, b.op("Equal", {x[0], y[0]}), dy[0])};
}

std::vector<Sample> samples() {
  Sample::Input x = ops::given(Tensor::of<float>({2, 3}, {-2, -0.4f, 0.1f, 0.4f, 0.6f, 3}));
  Sample::Input low = ops::given(Tensor::scalar(-0.5f)), high = ops::given(Tensor::scalar(0.5f));
  return {{.inputs = {x, low, high}},
          {.inputs = {x, low}},
          {.inputs = {x, ops::omitted(), high}},
          {.inputs = {x}},
          {.inputs = {ops::random_input({37}, -9, 9, DType::i32), ops::given(Tensor::scalar(int32_t{-3}))}}};
}

}  // namespace

OPERATOR(clip) = {
    .name = "Clip",
    .doc = "min(max(x, low), high); a limit left out is no limit, NaN stays NaN.",
    .inputs = {1, 3},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise_of_first,
    .quant = {Quant::passes},
    .tflite = {"RELU6", "[0, 6] as RELU6, [-1, 1] as RELU_N1_TO_1, other limits as MAXIMUM and MINIMUM"},
    .samples = samples,
};

}  // namespace slipway
