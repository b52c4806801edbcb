// StringConcat.
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::string}));
  return ops::infer_broadcast(c);
}

Result<Kernel> prepare(const PrepareContext& c) {
  return Kernel{[plan = TRY(ops::broadcast_plan(c))](const KernelArgs& a) {
    const auto *x = a.input<std::string>(0), *y = a.input<std::string>(1);
    auto* z = a.output<std::string>(0);
    kernels::walk_rows<2>(plan, 0, plan.count(), [&](int64_t out, int64_t n, const std::array<int64_t, 2>& at) {
      for (int64_t i = 0; i < n; ++i) z[out + i] = x[at[0] + i * plan.steps[0]] + y[at[1] + i * plan.steps[1]];
    });
  }};
}

std::vector<Sample> samples() {
  Tensor words = Tensor::of<std::string>({2, 1}, {"a", "bc"});
  return {{.inputs = {ops::given(words), ops::given(Tensor::of<std::string>({2}, {"1", ""}))}}};
}

}  // namespace

OPERATOR(string_concat) = {
    .name = "StringConcat",
    .since = 20,
    .doc = "x followed by y, with broadcasting.",
    .inputs = {2, 2},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
