// RMSNormalization.
#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/group_normalization.h"
#include "ops/batch_rules.h"
#include "ops/infer.h"
#include "ops/row_parameter.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(c.dims(0).size())).status());
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {c.dtype(0)}));
  c.set(0, c.dtype(0), c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape& x = c.in(0).shape;
  int64_t axis = TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.size())));
  int64_t size = element_count(std::span(x).subspan(static_cast<size_t>(axis)));
  int64_t rows = size == 0 ? 0 : c.in(0).count() / size;
  kernels::ScratchLayout layout;
  auto scale = TRY(ops::RowParameter::make("scale", c.in(1), x, static_cast<size_t>(axis), layout));
  const int64_t calls = scale.step() != 0 ? rows : 1, count = scale.step() != 0 ? 1 : rows;
  float epsilon = c.node().real("epsilon");
  int threads = c.threads();
  auto typed = [&]<typename T>(T) {
    auto run = [=](const KernelArgs& a) {
      const T* scales = scale.rows(a.input<T>(1), a.scratch, threads);
      for (int64_t r = 0; r < calls; ++r) {
        kernels::rms_normalize(count, size, a.input<T>(0) + r * size, scales + r * scale.step(), epsilon,
                               a.output<T>(0) + r * size, threads);
      }
    };
    return Kernel{.run = run, .scratch_bytes = layout.bytes()};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported(fmt::format("RMSNormalization has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

// See kernels::rms_normalize_backward.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId scale = TRY(ops::one_row(b, x[1], x[0], n.integer("axis")));
  Values g = b.ops("RMSNormalizationGrad", {x[0], scale, dy[0]}, 2, {{"epsilon", n.real("epsilon")}}, "slipway");
  if (scale != x[1]) g[1] = b.unbroadcast(g[1], x[1]);
  return g;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({3, 8}), ops::random_input({8})}},
          {.inputs = {ops::random_input({2, 3, 4}), ops::random_input({3, 4})}, .attributes = {{"axis", int64_t{1}}}},
          {.inputs = {ops::random_input({2, 3, 4}), ops::random_input({3, 1})}, .attributes = {{"axis", int64_t{1}}}}};
}

}  // namespace

OPERATOR(rms_normalization) = {
    .name = "RMSNormalization",
    .since = 23,
    .doc = "x / sqrt(mean(x^2) + epsilon) * scale over the dimensions from `axis` on; scale broadcasts to x.",
    .inputs = {2, 2},
    .attributes = {{{"axis", -1}, {"epsilon", 1e-5f}, {"stash_type", 1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::layer_normalization,
    .tflite = {nullptr, "TFLite has no root-mean-square normalization"},
    .samples = samples,
};

}  // namespace slipway
