// LRN.
#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/expect.h"
#include "ops/local_response.h"
#include "ops/samples.h"
#include "ops/sizes.h"

namespace slipway {

Status ops::infer_local_response(InferContext& c) {
  if (c.dims(0).size() < 2) return invalid(fmt::format("X is {}; expected [N, C, ...]", to_string(c.dims(0))));
  int64_t size = c.node().integer("size");
  if (size < 1 || size > kLargestStep) return invalid(fmt::format("size is {}; expected 1 or more channels", size));
  RETURN_IF_ERROR(expect_same_dtypes(c));
  if (c.input_count() > 1) RETURN_IF_ERROR(expect_dims(c, 1, "dY", c.dims(0)));
  return infer_same(c);
}

namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::LocalResponse l = ops::local_response_of(c.node(), c.in(0));
  int threads = c.threads();
  auto typed = [&]<typename T>(T) {
    return Kernel{[=](const KernelArgs& a) { kernels::local_response(l, a.input<T>(0), a.output<T>(0), threads); }};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported(fmt::format("LRN has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

// See kernels::local_response_backward.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{b.op("LRNGrad", {x[0], dy[0]}, n.attributes, "slipway")};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({2, 5, 3, 2})}, .attributes = {{"size", int64_t{3}}, {"alpha", 0.5f}}},
          {.inputs = {ops::random_input({1, 4, 3})},
           .attributes = {{"size", int64_t{2}}, {"alpha", 0.3f}, {"beta", 0.5f}, {"bias", 2.0f}}}};
}

}  // namespace

OPERATOR(lrn) = {
    .name = "LRN",
    .since = 1,
    .doc = "x / (bias + alpha / size * (sum of x^2 over `size` neighbouring channels))^beta",
    .attributes = {{ops::kLrnAlpha, ops::kLrnBeta, ops::kLrnBias, ops::kLrnSize}},
    .infer = ops::infer_local_response,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "not written yet; TFLite has LOCAL_RESPONSE_NORMALIZATION for odd sizes"},
    .samples = samples,
};

}  // namespace slipway
