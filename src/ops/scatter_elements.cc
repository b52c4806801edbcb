// ScatterElements.
#include <fmt/format.h>

#include "ops/batch_rules.h"
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
  const Dims& x = c.dims(0);
  const Dims& indices = c.dims(1);
  Dims updates = c.dims(2);
  auto axis = static_cast<size_t>(TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.size()))));
  bool fits = x.size() == indices.size() && x.size() == updates.size();
  for (size_t d = 0; fits && d < x.size(); ++d) {
    fits = ops::merge_dim(updates[d], indices[d]) &&
           (d == axis || !x[d].known() || !indices[d].known() || indices[d].size <= x[d].size);
  }
  if (!fits) {
    return invalid(fmt::format("indices {} and updates {} must be of one shape within data {}", to_string(indices),
                               to_string(c.dims(2)), to_string(x)));
  }
  c.set(0, c.dtype(0), x);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  int64_t axis = ops::axis_of(c.node(), "axis", static_cast<int64_t>(c.in(0).shape.size()));
  kernels::Reduction reduction = TRY(ops::reduction_of(c.node()));
  kernels::StridedCopy copy = kernels::contiguous_copy(c.in(0).shape);
  return Kernel{.run = [=, x = c.in(0), indices = c.in(1), threads = c.threads()](const KernelArgs& a) {
    kernels::strided_copy(copy, x.dtype, a.in[0], a.out[0], threads);
    a.report(kernels::scatter_elements(x.shape, indices.shape, axis, x.dtype, reduction, indices.dtype, a.in[1],
                                       a.in[2], a.out[0]));
  }};
}

// none: ddata = dy with zeros at indices, dupdates = dy[indices]. add: ddata = dy.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  std::string reduction = n.text("reduction");
  if (reduction != "none" && reduction != "add") {
    return unsupported(fmt::format("no gradient of ScatterElements with reduction {}", reduction));
  }
  Attributes along = {{"axis", n.integer("axis")}};
  ValueId data = reduction == "add" ? dy[0] : b.op("ScatterElements", {dy[0], x[1], ops::zeros_like(b, x[2])}, along);
  return Values{data, {}, b.op("GatherElements", {dy[0], x[1]}, along)};
}

std::vector<Sample> samples() {
  Sample::Input indices = ops::fixed(Tensor::of<int64_t>({2, 2}, {2, 0, -2, 1}));
  return {{.inputs = {ops::sample({3, 2}), indices, ops::sample({2, 2})}},
          {.inputs = {ops::sample({3, 2}), indices, ops::sample({2, 2})}, .attributes = {{"reduction", "add"}}}};
}

}  // namespace

OPERATOR(scatter_elements) = {
    .name = "ScatterElements",
    .since = 11,
    .doc = "y = data; y[i with i_axis = indices[i]] joins updates[i] by `reduction`.",
    .inputs = {3, 3},
    .attributes = {{{"axis", 0}, {"reduction", "none"}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::aligned,
    .tflite = {nullptr, "TFLite scatters whole slices only (SCATTER_ND)"},
    .samples = samples,
};

}  // namespace slipway
