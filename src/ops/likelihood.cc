// Shapes and choices of class losses.
#include "ops/likelihood.h"

#include <fmt/format.h>

#include "kernels/storage.h"
#include "ops/samples.h"

namespace slipway::ops {

Status check_likelihood(InferContext& c, size_t first) {
  const Dims& scores = c.dims(first);
  const Dims& labels = c.dims(first + 1);
  RETURN_IF_ERROR(expect_dtype(c, first + 1, {DType::i32, DType::i64}));
  bool fits = scores.size() >= 2 && labels.size() + 1 == scores.size();
  for (size_t d = 0; fits && d < labels.size(); ++d) {
    const Dim& size = scores[d == 0 ? 0 : d + 1];
    fits = !size.known() || !labels[d].known() || size.size == labels[d].size;
  }
  if (!fits) {
    return invalid(fmt::format("scores {} and labels {}; expected [N, C, ...] and [N, ...]", to_string(scores),
                               to_string(labels)));
  }
  if (!c.has_input(first + 2)) return {};
  RETURN_IF_ERROR(expect_dtype(c, first + 2, {c.dtype(first)}));
  const Dims& weights = c.dims(first + 2);
  if (weights.size() != 1 || (weights[0].known() && scores[1].known() && weights[0].size != scores[1].size)) {
    return invalid(
        fmt::format("weights {}; expected one for each of {} classes", to_string(weights), to_string(scores[1])));
  }
  return {};
}

namespace {

Result<kernels::LossReduction> reduction_of(const Node& node) {
  std::string reduction = node.text("reduction");
  if (reduction == "none") return kernels::LossReduction::none;
  if (reduction == "sum") return kernels::LossReduction::sum;
  if (reduction == "mean") return kernels::LossReduction::mean;
  return invalid(fmt::format("reduction is \"{}\"; expected \"none\", \"sum\" or \"mean\"", reduction));
}

}  // namespace

Result<Dims> loss_dims(InferContext& c, size_t labels) {
  kernels::LossReduction reduction = TRY(reduction_of(c.node()));
  return reduction == kernels::LossReduction::none ? c.dims(labels) : Dims{};
}

Result<LikelihoodSpec> likelihood_spec(const PrepareContext& c, size_t scores) {
  const Shape& shape = c.in(scores).shape;
  LikelihoodSpec spec;
  spec.shape = {shape[0], shape[1], element_count(std::span(shape).subspan(2))};
  spec.reduction = TRY(reduction_of(c.node()));
  spec.ignores = c.node().has("ignore_index");
  spec.ignored = spec.ignores ? c.node().integer("ignore_index") : 0;
  spec.wide_labels = c.in(scores + 1).dtype == DType::i64;
  return spec;
}

Status LikelihoodSpec::check_labels(const void* labels) const {
  for (int64_t i = 0; i < shape.n * shape.d; ++i) {
    const int64_t label = kernels::index_at(wide_labels ? DType::i64 : DType::i32, labels, i);
    if ((ignores && label == ignored) || (label >= 0 && label < shape.c)) continue;
    return invalid(fmt::format("label {} (element {}) is outside [0, {})", label, i, shape.c));
  }
  return {};
}

Attributes likelihood_attributes(const Node& n) {
  Attributes attributes = {{"reduction", n.text("reduction")}};
  if (n.has("ignore_index")) attributes.set("ignore_index", n.integer("ignore_index"));
  return attributes;
}

std::vector<Sample> likelihood_samples(int outputs) {
  Sample::Input plain = random_input({4, 5}, -2, 2);
  Sample::Input labels = given(Tensor::of<int64_t>({4}, {3, 0, 4, 3}));
  Sample::Input weights = given(Tensor::of<float>({5}, {0.5f, 1, 2, 1.5f, 0.25f}), true);
  Sample::Input maps = random_input({2, 3, 2, 2}, -2, 2);
  Sample::Input map_labels = given(Tensor::of<int32_t>({2, 2, 2}, {0, 1, 2, 1, 1, 0, 2, 2}));
  auto text = [](const char* reduction) {
    return std::pair<std::string, Attribute>{"reduction", std::string(reduction)};
  };
  return {{.inputs = {plain, labels}, .outputs = outputs},
          {.inputs = {plain, labels, weights}, .attributes = {text("sum")}, .outputs = outputs},
          {.inputs = {plain, labels, weights}, .attributes = {{"ignore_index", int64_t{3}}}, .outputs = outputs},
          {.inputs = {maps, map_labels}, .attributes = {text("none")}, .outputs = outputs},
          {.inputs = {random_input({2, 3, 4}, -2, 2), given(Tensor::of<int64_t>({2, 4}, {0, 1, -1, 2, 2, -1, 0, 0}))},
           .attributes = {text("mean"), {"ignore_index", int64_t{-1}}},
           .outputs = outputs}};
}

}  // namespace slipway::ops
