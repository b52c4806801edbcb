// Tile.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  std::optional<std::vector<int64_t>> repeats = TRY(ops::index_input(c, 1));
  Dims y(x.size());
  if (repeats) {
    if (repeats->size() != x.size()) {
      return invalid(
          fmt::format("repeats {} must have one entry per dimension of {}", to_string(*repeats), to_string(x)));
    }
    for (size_t d = 0; d < x.size(); ++d) {
      if ((*repeats)[d] < 0) return invalid(fmt::format("repeats {} holds a negative count", to_string(*repeats)));
      if ((*repeats)[d] == 1) {
        y[d] = x[d];
      } else if (x[d].known()) {
        y[d] = Dim(TRY(checked_count(Shape{x[d].size, (*repeats)[d]})));
      }
    }
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape& x = c.in(0).shape;
  const Shape& y = c.out(0).shape;
  Shape in = row_major_strides(x);
  Shape out = row_major_strides(y);
  kernels::StridedCopy plan;
  for (size_t d = 0; d < x.size(); ++d) {
    if (plan.rank + 2 > kernels::kMaxRank) return unsupported("Tile of more than 8 dimensions");
    if (y[d] != x[d]) plan.push(x[d] == 0 ? 0 : y[d] / x[d], 0, out[d] * x[d]);
    plan.push(x[d], in[d], out[d]);
  }
  return ops::copy_kernel(plan, c.in(0).dtype, c.threads());
}

// dx = sum of dy over the repeats: dy as [r_0, d_0, r_1, d_1, ...] summed over each r
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  std::optional<Shape> shape = known_shape(b.dims(x[0]));
  std::optional<Shape> tiled = known_shape(b.dims(dy[0]));
  if (!shape || !tiled) return unsupported("the gradient of Tile needs known shapes");
  std::vector<int64_t> split;
  std::vector<int64_t> axes;
  for (size_t d = 0; d < shape->size(); ++d) {
    axes.push_back(static_cast<int64_t>(split.size()));
    split.push_back((*shape)[d] == 0 ? 0 : (*tiled)[d] / (*shape)[d]);
    split.push_back((*shape)[d]);
  }
  ValueId parts = b.op("Reshape", {dy[0], b.ints(split)});
  return Values{b.op("ReduceSum", {parts, b.ints(axes)}, {{"keepdims", int64_t{0}}}), {}};
}

std::vector<Sample> samples() { return {{.inputs = {ops::sample({2, 3}), ops::ints_sample({2, 2})}}}; }

}  // namespace

OPERATOR(tile) = {
    .name = "Tile",
    .since = 6,
    .doc = "y = x repeated `repeats` times along each dimension.",
    .inputs = {2, 2},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::tile,
    .quant = {Quant::passes},
    .tflite = {"TILE", nullptr},
    .samples = samples,
};

}  // namespace slipway
