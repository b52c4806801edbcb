// slipway.GatherGrad: the gradient of Gather.
#include <fmt/format.h>

#include "kernels/gather.h"
#include "ops/expect.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// Inputs: dy, indices, shape of x.
Status infer(InferContext& c) {
  std::optional<std::vector<int64_t>> shape = TRY(ops::index_input(c, 2));
  RETURN_IF_ERROR(ops::expect_numbers(c, 0));
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i32, DType::i64}));
  const Dims &dy = c.dims(0), &indices = c.dims(1);
  if (indices.size() > dy.size()) {
    return invalid(fmt::format("dy {} has fewer dimensions than indices {}", to_string(dy), to_string(indices)));
  }
  Dims x = shape ? to_dims(*shape) : ops::unknown_dims(dy.size() + 1 - indices.size());
  int64_t axis = TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.size())));
  if (shape) (void)TRY(checked_count(*shape));
  Dims wanted(x.begin(), x.begin() + axis);
  wanted.insert(wanted.end(), indices.begin(), indices.end());
  wanted.insert(wanted.end(), x.begin() + axis + 1, x.end());
  RETURN_IF_ERROR(ops::expect_dims(c, 0, "dy", wanted));
  c.set(0, c.dtype(0), std::move(x));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::span<const int64_t> x = c.out(0).shape;
  auto axis = static_cast<size_t>(ops::axis_of(c.node(), "axis", static_cast<int64_t>(x.size())));
  kernels::GatherShape shape = {element_count(x.first(axis)), x[axis], c.in(1).count(),
                                element_count(x.subspan(axis + 1))};
  return Kernel{.run = [=, dtype = c.in(0).dtype, index = c.in(1).dtype, threads = c.threads()](const KernelArgs& a) {
    a.report(kernels::gather_grad(shape, dtype, a.in[0], index, a.in[1], a.out[0], threads));
  }};
}

// d(dy) = ddx[indices]: the operator is linear
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{b.op("Gather", {dy[0], x[1]}, {{"axis", n.integer("axis")}}), {}, {}};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 2}), ops::ints_sample({2, 0, 2}), ops::ints_sample({4, 2})}}};
}

}  // namespace

OPERATOR(gather_grad) = {
    .name = "GatherGrad",
    .domain = "slipway",
    .doc = "dx = zeros of `shape`; dx[..., indices, ...] += dy along `axis`.",
    .inputs = {3, 3},
    .attributes = {{{"axis", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
