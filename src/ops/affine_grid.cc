// AffineGrid.
#include <fmt/format.h>

#include "ops/body.h"
#include "ops/movement.h"

namespace slipway {
namespace {

// Coordinate i of n evenly spaced ones over [-1, 1]: at the corners, or at the middles of n equal parts.
double coordinate(int64_t i, int64_t n, bool corners) {
  if (corners) return n == 1 ? 0 : -1 + 2 * static_cast<double>(i) / static_cast<double>(n - 1);
  return -1 + (2 * static_cast<double>(i) + 1) / static_cast<double>(n);
}

// Homogeneous coordinates of every point of a grid of `sizes`, the innermost dimension first: [points, dimensions + 1].
Tensor base_grid(const std::vector<int64_t>& sizes, bool corners) {
  auto rank = static_cast<int64_t>(sizes.size());
  Tensor grid(DType::f64, {element_count(sizes), rank + 1});
  Shape strides = row_major_strides(sizes);
  double* to = grid.mutable_data<double>().data();
  for (int64_t point = 0; point < element_count(sizes); ++point) {
    for (size_t d = sizes.size(); d-- > 0;) *to++ = coordinate(point / strides[d] % sizes[d], sizes[d], corners);
    *to++ = 1;
  }
  return grid;
}

Values body(Builder& b, const Node& n, const Values& x) {
  std::vector<int64_t> size = b.graph().value(x[1]).data.to_ints();
  std::vector<int64_t> spatial(size.begin() + 2, size.end()), out = {size[0]};
  out.insert(out.end(), spatial.begin(), spatial.end());
  out.push_back(static_cast<int64_t>(spatial.size()));
  ValueId grid = b.constant(base_grid(spatial, n.integer("align_corners") != 0).cast(b.dtype(x[0])), "grid");
  ValueId turned = b.op("Transpose", {x[0]}, {{"perm", std::vector<int64_t>{0, 2, 1}}});
  return {b.op("Reshape", {b.op("MatMul", {grid, turned}), b.ints(out)})};
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::f32, DType::f64, DType::f16, DType::bf16}));
  std::optional<std::vector<int64_t>> size = TRY(ops::index_input(c, 1));
  const Dims& theta = c.dims(0);
  bool plane = theta.size() == 3 && (!theta[1].known() || theta[1].size == 2 || theta[1].size == 3);
  if (!plane || (size && size->size() != 4 && size->size() != 5)) {
    return invalid(fmt::format("theta is {} with {} sizes; expected [N, 2, 3] with 4, or [N, 3, 4] with 5",
                               to_string(theta), size ? size->size() : 0));
  }
  if (!size) {
    if (theta[1].known()) c.set(0, c.dtype(0), ops::unknown_dims(static_cast<size_t>(theta[1].size) + 2));
    return {};
  }
  auto rank = static_cast<int64_t>(size->size()) - 2;
  for (int64_t n : *size) {
    if (n < 1) return invalid(fmt::format("size has {}; expected at least 1", n));
  }
  RETURN_IF_ERROR(checked_count(*size).status());
  bool fits = (!theta[0].known() || theta[0].size == (*size)[0]) && (!theta[1].known() || theta[1].size == rank) &&
              (!theta[2].known() || theta[2].size == rank + 1);
  if (!fits) {
    return invalid(fmt::format("theta is {} for sizes {}; expected [{}, {}, {}]", to_string(theta),
                               to_string(std::span<const int64_t>(*size)), (*size)[0], rank, rank + 1));
  }
  return ops::infer_through(c, body);
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.constant(1) == nullptr) return unsupported("AffineGrid needs its size as a constant");
  return ops::prepare_through(c, body);
}

Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  if (!b.graph().is_constant(x[1])) return unsupported("the gradient of AffineGrid needs its size as a constant");
  return ops::gradient_through(b, n, x, dy, body);
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 2, 3}), ops::ints_sample({2, 3, 3, 4})}},
          {.inputs = {ops::sample({1, 3, 4}), ops::ints_sample({1, 1, 2, 3, 2})},
           .attributes = {{"align_corners", int64_t{1}}}}};
}

}  // namespace

OPERATOR(affine_grid) = {
    .name = "AffineGrid",
    .since = 20,
    .doc = "The grid that GridSample reads to apply the affine map theta to a tensor of the given size.",
    .inputs = {2, 2},
    .attributes = {{{"align_corners", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "TFLite has nothing that reads such a grid"},
    .samples = samples,
};

}  // namespace slipway
