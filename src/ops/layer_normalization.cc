// LayerNormalization.
#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/normalization.h"
#include "ops/batch_rules.h"
#include "ops/expect.h"
#include "ops/row_parameter.h"

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

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, one call for all rows or, where rows have parameters of
// their own, one for each.
template <typename T>
Result<Kernel> typed(const PrepareContext& c, const Rows& rows, size_t axis) {
  kernels::ScratchLayout layout;
  auto scale = TRY(ops::RowParameter::make("scale", c.in(1), c.in(0).shape, axis, layout)), bias = scale;
  if (c.has_input(2)) bias = TRY(ops::RowParameter::make("bias", c.in(2), c.in(0).shape, axis, layout));
  const bool biased = c.has_input(2), mean = c.has_output(1), inverse = c.has_output(2);
  const bool each = scale.step() != 0 || (biased && bias.step() != 0);
  const int64_t calls = each ? rows.count : 1, count = each ? 1 : rows.count;
  Kernel kernel;
  kernel.scratch_bytes = layout.bytes();
  kernel.run = [=, size = rows.size, epsilon = c.node().real("epsilon"), threads = c.threads()](const KernelArgs& a) {
    const T* scales = scale.rows(a.input<T>(1), a.scratch, threads);
    const T* biases = biased ? bias.rows(a.input<T>(2), a.scratch, threads) : nullptr;
    for (int64_t r = 0; r < calls; ++r) {
      kernels::layer_normalize<T>(count, size, a.input<T>(0) + r * size, scales + r * scale.step(),
                                  biased ? biases + r * bias.step() : nullptr, epsilon, a.output<T>(0) + r * size,
                                  mean ? a.output<T>(1) + r : nullptr, inverse ? a.output<T>(2) + r : nullptr, threads);
    }
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  const int64_t axis = TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(c.in(0).shape.size())));
  Rows rows = rows_of(c.in(0).shape, axis);
  const bool statistics = c.has_output(1) || c.has_output(2);
  if (c.in(0).dtype == DType::f32) return typed<float>(c, rows, static_cast<size_t>(axis));
  if (c.in(0).dtype == DType::f64 && !statistics) return typed<double>(c, rows, static_cast<size_t>(axis));
  return unsupported(fmt::format("LayerNormalization has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

// See kernels::layer_normalize_backward.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  if (!dy[0].valid()) return Values(x.size());
  ValueId scale = TRY(ops::one_row(b, x[1], x[0], n.integer("axis")));
  Values g = b.ops("LayerNormalizationGrad", {x[0], scale, dy[0]}, 3,
                   {{"axis", n.integer("axis")}, {"epsilon", n.real("epsilon")}}, "slipway");
  if (scale != x[1]) g[1] = b.unbroadcast(g[1], x[1]);
  if (!n.has_input(2)) return Values{g[0], g[1]};
  if (scale == x[1] && known_shape(b.dims(x[1])) == known_shape(b.dims(x[2]))) return g;
  // The sum over rows has the shape of the scale that it was given.
  ValueId bias = TRY(ops::one_row(b, x[2], x[0], n.integer("axis")));
  ValueId like = bias == x[2] ? b.reshape_like(g[2], x[2]) : b.unbroadcast(b.reshape_like(g[2], bias), x[2]);
  return Values{g[0], g[1], like};
}

std::vector<Sample> samples() {
  return {
      {.inputs = {{.type = {DType::f32, {3, 8}}}, {.type = {DType::f32, {8}}}, {.type = {DType::f32, {8}}}}},
      {.inputs = {{.type = {DType::f32, {2, 3, 4}}}, {.type = {DType::f32, {3, 4}}}, {.type = {DType::f32, {3, 4}}}},
       .attributes = {{"axis", int64_t{1}}}},
      {.inputs = {{.type = {DType::f32, {2, 3, 4}}}, {.type = {DType::f32, {4}}}, {.type = {DType::f32, {3, 1}}}},
       .attributes = {{"axis", int64_t{1}}}}};
}

}  // namespace

OPERATOR(layer_normalization) = {
    .name = "LayerNormalization",
    .since = 17,
    .doc =
        "(x - mean) / sqrt(variance + epsilon) * scale + bias over the dimensions from `axis` on; scale and bias "
        "broadcast to x.",
    .inputs = {2, 3},
    .outputs = {1, 3},
    .attributes = {{{"axis", -1}, {"epsilon", 1e-5f}, {"stash_type", 1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::layer_normalization,
    .tflite = {"MEAN", "as MEAN, SUB, MUL, ADD and RSQRT; its statistics are no outputs"},
    .samples = samples,
};

}  // namespace slipway
