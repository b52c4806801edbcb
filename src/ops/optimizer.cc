// Shapes of optimizer updates.
#include "ops/optimizer.h"

#include <fmt/format.h>

#include "ops/expect.h"
#include "ops/samples.h"

namespace slipway::ops {

namespace {

Status match(InferContext& c, size_t parameter, size_t other) {
  bool same = c.dtype(parameter) == c.dtype(other) && c.dims(parameter).size() == c.dims(other).size();
  for (size_t d = 0; same && d < c.dims(parameter).size(); ++d) {
    const Dim &a = c.dims(parameter)[d], &b = c.dims(other)[d];
    same = !a.known() || !b.known() || a.size == b.size;
  }
  if (same) return {};
  return invalid(fmt::format("input {} is {}{}; expected {}{} like its parameter, input {}", other,
                             dtype_name(c.dtype(other)), to_string(c.dims(other)), dtype_name(c.dtype(parameter)),
                             to_string(c.dims(parameter)), parameter));
}

}  // namespace

Status infer_optimizer(InferContext& c, const OptimizerLayout& layout) {
  size_t tensors = c.input_count() - std::min(c.input_count(), layout.scalars);
  if (tensors == 0 || tensors % layout.in_groups != 0) {
    return invalid(fmt::format("{} inputs; expected {} and then {} for each parameter", c.input_count(), layout.scalars,
                               layout.in_groups));
  }
  size_t n = tensors / layout.in_groups;
  size_t outputs = c.node().outputs.size(), wanted = n * layout.out_groups;
  for (size_t i = 0; i < outputs; ++i) {
    if (!c.has_output(i)) return invalid(fmt::format("output {} is left out; expected all {}", i, wanted));
  }
  if (outputs != wanted) {
    return invalid(fmt::format("{} outputs for {} parameters; expected {}", outputs, n, wanted));
  }
  for (size_t i = 0; i < layout.scalars; ++i) RETURN_IF_ERROR(expect_one(c, i, "the rate or the time"));
  for (size_t i = 0; i < n; ++i) {
    size_t parameter = layout.scalars + i;
    for (size_t group = 1; group < layout.in_groups; ++group) {
      RETURN_IF_ERROR(match(c, parameter, parameter + group * n));
    }
    for (size_t group = 0; group < layout.out_groups; ++group) {
      c.set(group * n + i, c.dtype(parameter), c.dims(parameter));
    }
  }
  return {};
}

Status infer_update(InferContext& c, const OptimizerLayout& layout) {
  if (layout.scalars > 1 && c.input_count() > 1) RETURN_IF_ERROR(expect_dtype(c, 1, {DType::i64}));
  for (size_t i : {size_t{0}, layout.scalars}) {
    if (i < c.input_count()) RETURN_IF_ERROR(expect_dtype(c, i, {DType::f32}));
  }
  return infer_optimizer(c, layout);
}

std::vector<int64_t> parameter_counts(const PrepareContext& c, const OptimizerLayout& layout) {
  size_t n = (c.input_count() - layout.scalars) / layout.in_groups;
  std::vector<int64_t> counts;
  for (size_t i = 0; i < n; ++i) counts.push_back(c.in(layout.scalars + i).count());
  return counts;
}

std::vector<Sample> update_samples(const OptimizerLayout& layout, const Attributes& attributes) {
  auto sample = [&](std::vector<Shape> shapes) {
    Sample s{.attributes = attributes, .outputs = static_cast<int>(layout.out_groups * shapes.size())};
    if (layout.scalars > 0) s.inputs.push_back(given(Tensor::scalar(0.01f)));
    if (layout.scalars > 1) s.inputs.push_back(given(Tensor::scalar(int64_t{3})));
    for (size_t group = 0; group < layout.in_groups; ++group) {
      for (const Shape& shape : shapes) s.inputs.push_back(random_input(shape, group < 2 ? -1 : 0, 1));
    }
    return s;
  };
  return {sample({{3, 7}}), sample({{3, 7}, {5}})};
}

}  // namespace slipway::ops
