// ScatterND.
#include <fmt/format.h>

#include "ops/indexing.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// Inputs: data, indices, updates.
Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i64, DType::i32}));
  RETURN_IF_ERROR(ops::expect_dtype(c, 2, {c.dtype(0)}));
  kernels::Reduction reduction = TRY(ops::reduction_of(c.node()));
  if (reduction != kernels::Reduction::none && c.dtype(0) == DType::string) return invalid("strings cannot be reduced");
  std::optional<Dims> expected = TRY(ops::gather_nd_dims(c.dims(0), c.dims(1), 0));
  const Dims& updates = c.dims(2);
  bool fits = !expected || updates.size() == expected->size();
  for (size_t d = 0; expected && fits && d < updates.size(); ++d) fits = ops::merge_dim((*expected)[d], updates[d]);
  if (!fits) {
    return invalid(fmt::format("updates {} do not fit data {} and indices {}", to_string(updates), to_string(c.dims(0)),
                               to_string(c.dims(1))));
  }
  c.set(0, c.dtype(0), c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  kernels::Reduction reduction = TRY(ops::reduction_of(c.node()));
  kernels::GatherNdShape s = ops::gather_nd_shape(c.in(0).shape, c.in(1).shape, 0);
  kernels::StridedCopy copy = kernels::contiguous_copy(c.in(0).shape);
  return Kernel{.run = [=, dtype = c.in(0).dtype, index = c.in(1).dtype, threads = c.threads()](const KernelArgs& a) {
    kernels::strided_copy(copy, dtype, a.in[0], a.out[0], threads);
    a.report(kernels::scatter_nd(s, dtype, reduction, index, a.in[1], a.in[2], a.out[0]));
  }};
}

// none: ddata = dy with zeros at indices, dupdates = dy[indices]. add: ddata = dy.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  std::string reduction = n.text("reduction");
  if (reduction != "none" && reduction != "add") {
    return unsupported(fmt::format("no gradient of ScatterND with reduction {}", reduction));
  }
  ValueId data = reduction == "add" ? dy[0] : b.op("ScatterND", {dy[0], x[1], ops::zeros_like(b, x[2])});
  return Values{data, {}, b.op("GatherND", {dy[0], x[1]})};
}

std::vector<Sample> samples() {
  Sample::Input indices = ops::fixed(Tensor::of<int64_t>({2, 1}, {2, 0}));
  return {{.inputs = {ops::sample({3, 2}), indices, ops::sample({2, 2})}},
          {.inputs = {ops::sample({3, 2}), indices, ops::sample({2, 2})}, .attributes = {{"reduction", "add"}}}};
}

}  // namespace

OPERATOR(scatter_nd) = {
    .name = "ScatterND",
    .since = 11,
    .doc = "y = data; y[indices[c]] joins updates[c] by `reduction`.",
    .inputs = {3, 3},
    .attributes = {{{"reduction", "none"}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {"SCATTER_ND", "reduction add onto zeros only"},
    .samples = samples,
};

}  // namespace slipway
