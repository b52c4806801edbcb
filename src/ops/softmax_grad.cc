// Card: SoftmaxGrad.
#include "graph/builder.h"
#include "ops/expect.h"
#include "ops/samples.h"
#include "ops/softmax.h"

namespace slipway {
namespace {

template <typename T, typename F>
Kernel kernel_of(const PrepareContext& c, const ops::AxisSplit& split, F f) {
  int64_t part = split.n * split.inner, threads = c.threads();
  int64_t grain = ops::kElementGrain / std::max<int64_t>(part, 1) + 1;
  return {[=](const KernelArgs& args) {
    const T *y = args.input<T>(0), *dy = args.input<T>(1);
    T* dx = args.output<T>(0);
    parallel_for(static_cast<int>(threads), split.outer, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(y + i * part, dy + i * part, dx + i * part);
    });
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  ops::AxisSplit split = TRY(ops::split_at_axis(c.in(0).shape, c.node().integer("axis")));
  if (c.in(0).dtype == DType::f32 && split.inner == 1) {
    return kernel_of<float>(
        c, split, [f = kernels::softmax_grad_f32(), n = split.n](auto y, auto dy, auto dx) { f(y, dy, dx, n); });
  }
  return ops::for_types(ops::FloatTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    return kernel_of<T>(c, split, [split](const T* y, const T* dy, T* dx) {
      kernels::softmax_grad_any(y, dy, dx, split.n, split.inner);
    });
  });
}

// With s = sum(y dy): d/ddy = y (g - sum(y g)); d/dy = g (dy - s) - dy sum(y g), sums along `axis`.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& g) {
  ValueId y = x[0], dy = x[1], axis = b.ints({n.integer("axis")});
  auto sum = [&](ValueId p, ValueId q) { return b.op("ReduceSum", {b.mul(p, q), axis}); };
  ValueId ddy = b.op("SoftmaxGrad", {y, g[0]}, {{"axis", n.integer("axis")}}, "slipway");
  return Values{b.sub(b.mul(g[0], b.sub(dy, sum(y, dy))), b.mul(dy, sum(y, g[0]))), ddy};
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_same_dtypes(c));
  RETURN_IF_ERROR(ops::expect_dims(c, 1, "dY", c.dims(0)));
  return ops::infer_along_axis(c);
}

std::vector<Sample> samples() {
  Sample last{.inputs = {ops::random_input({3, 21}, 0, 1), ops::random_input({3, 21})}};
  Sample first{.inputs = {ops::random_input({4, 5}, 0, 1), ops::random_input({4, 5})},
               .attributes = {{"axis", int64_t{0}}}};
  return {last, first};
}

}  // namespace

OPERATOR(softmax_grad) = {
    .name = "SoftmaxGrad",
    .domain = "slipway",
    .doc = "y (dy - sum(y dy)) along `axis`, from (y, dy) with y = Softmax(x).",
    .inputs = {2, 2},
    .attributes = {{{"axis", -1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
