// LayerNormalization.
#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/normalization.h"
#include "ops/expect.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  Dims statistics = c.dims(0);
  int64_t axis = TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(statistics.size())));
  RETURN_IF_ERROR(ops::expect_same_dtypes(c));
  for (size_t i = static_cast<size_t>(axis); i < statistics.size(); ++i) statistics[i] = 1;
  c.set(0, c.dtype(0), c.dims(0));
  c.set(1, DType::f32, statistics);
  c.set(2, DType::f32, statistics);
  return {};
}

struct Rows {
  int64_t count = 1, size = 1;
};

Rows rows_of(const Shape& x, int64_t axis) {
  Rows r;
  int64_t first = axis < 0 ? axis + static_cast<int64_t>(x.size()) : axis;
  for (int64_t i = 0; i < static_cast<int64_t>(x.size()); ++i)
    (i < first ? r.count : r.size) *= x[static_cast<size_t>(i)];
  return r;
}

Result<Kernel> prepare(const PrepareContext& c) {
  Rows rows = rows_of(c.in(0).shape, c.node().integer("axis"));
  bool bias = c.has_input(2), mean = c.has_output(1), inverse = c.has_output(2);
  if (c.in(1).count() != rows.size || (bias && c.in(2).count() != rows.size)) {
    return unsupported(
        fmt::format("LayerNormalization needs scale and bias of {} elements, one per normalized one", rows.size));
  }
  float epsilon = c.node().real("epsilon");
  int threads = c.threads();
  if (c.in(0).dtype == DType::f64 && !mean && !inverse) {
    return Kernel{[=](const KernelArgs& a) {
      kernels::layer_normalize<double>(rows.count, rows.size, a.input<double>(0), a.input<double>(1),
                                       bias ? a.input<double>(2) : nullptr, epsilon, a.output<double>(0), nullptr,
                                       nullptr, threads);
    }};
  }
  if (c.in(0).dtype != DType::f32) {
    return unsupported(fmt::format("LayerNormalization has no arithmetic for {}", dtype_name(c.in(0).dtype)));
  }
  return Kernel{[=](const KernelArgs& a) {
    kernels::layer_normalize<float>(
        rows.count, rows.size, a.input<float>(0), a.input<float>(1), bias ? a.input<float>(2) : nullptr, epsilon,
        a.output<float>(0), mean ? a.output<float>(1) : nullptr, inverse ? a.output<float>(2) : nullptr, threads);
  }};
}

// See kernels::layer_normalize_backward.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  if (!dy[0].valid()) return Values(x.size());
  Values g = b.ops("LayerNormalizationGrad", {x[0], x[1], dy[0]}, 3,
                   {{"axis", n.integer("axis")}, {"epsilon", n.real("epsilon")}}, "slipway");
  return n.has_input(2) ? g : Values{g[0], g[1]};
}

std::vector<Sample> samples() {
  return {
      {.inputs = {{.type = {DType::f32, {3, 8}}}, {.type = {DType::f32, {8}}}, {.type = {DType::f32, {8}}}}},
      {.inputs = {{.type = {DType::f32, {2, 3, 4}}}, {.type = {DType::f32, {3, 4}}}, {.type = {DType::f32, {3, 4}}}},
       .attributes = {{"axis", int64_t{1}}}}};
}

}  // namespace

OPERATOR(layer_normalization) = {
    .name = "LayerNormalization",
    .since = 17,
    .doc = "(x - mean) / sqrt(variance + epsilon) * scale + bias over the dimensions from `axis` on.",
    .inputs = {2, 3},
    .outputs = {1, 3},
    .attributes = {{{"axis", -1}, {"epsilon", 1e-5f}, {"stash_type", 1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {"MEAN", "as MEAN, SUB, MUL, ADD and RSQRT; its statistics are no outputs"},
    .samples = samples,
};

}  // namespace slipway
