// Split.
#include <numeric>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"
#include "ops/sizes.h"

namespace slipway {

namespace {

// Equal parts, the last one smaller when `size` does not divide.
std::vector<int64_t> equal_parts(int64_t size, size_t parts) {
  int64_t each = (size + static_cast<int64_t>(parts) - 1) / static_cast<int64_t>(parts);
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < parts; ++i)
    sizes.push_back(std::clamp<int64_t>(size - each * static_cast<int64_t>(i), 0, each));
  return sizes;
}

Status check_sizes(const std::vector<int64_t>& sizes, const Dim& whole, size_t outputs) {
  int64_t sum = 0;
  bool wrong = false;
  for (int64_t size : sizes) {
    wrong |= size < 0 || size > ops::kLargestSize - sum;
    if (!wrong) sum += size;
  }
  if (sizes.size() != outputs || wrong || (whole.known() && sum != whole.size)) {
    return invalid(fmt::format("split {} does not cut a dimension of {} into {} parts", to_string(sizes),
                               to_string(whole), outputs));
  }
  return {};
}

Status infer(InferContext& c) {
  const Node& n = c.node();
  const Dims& x = c.dims(0);
  size_t outputs = n.outputs.size();
  auto axis = static_cast<size_t>(TRY(normalize_axis(n.integer("axis"), static_cast<int64_t>(x.size()))));
  if (n.has("num_outputs") && n.integer("num_outputs") != static_cast<int64_t>(outputs)) {
    return invalid(fmt::format("num_outputs is {}, but the node has {} outputs", n.integer("num_outputs"), outputs));
  }
  std::optional<std::vector<int64_t>> sizes;
  if (c.has_input(1)) {
    sizes = TRY(ops::index_input(c, 1));
  } else if (x[axis].known()) {
    sizes = equal_parts(x[axis].size, outputs);
  }
  if (sizes) RETURN_IF_ERROR(check_sizes(*sizes, x[axis], outputs));
  for (size_t i = 0; i < outputs; ++i) {
    Dims y = x;
    y[axis] = sizes ? Dim((*sizes)[i]) : Dim();
    c.set(i, c.dtype(0), std::move(y));
  }
  return {};
}

// The size of each part: what outputs have; an omitted output's from `split`.
std::vector<int64_t> part_sizes(const PrepareContext& c, size_t axis) {
  std::vector<int64_t> sizes = equal_parts(c.in(0).shape[axis], c.node().outputs.size());
  if (c.constant(1) != nullptr) sizes = c.constant(1)->to_ints();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (c.has_output(i)) sizes[i] = c.out(i).shape[axis];
  }
  return sizes;
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  const Shape& x = c.in(0).shape;
  auto axis = static_cast<size_t>(ops::axis_of(c.node(), "axis", static_cast<int64_t>(x.size())));
  Shape in = row_major_strides(x);
  std::vector<int64_t> sizes = part_sizes(c, axis);
  std::vector<kernels::StridedCopy> plans;
  int64_t offset = 0;
  for (int64_t size : sizes) {
    Shape y = x;
    y[axis] = size;
    kernels::StridedCopy plan = kernels::contiguous_copy(y);
    std::copy(in.begin(), in.end(), plan.in_stride.begin());
    plan.in_offset = offset * in[axis];
    plan.simplify();
    plans.push_back(plan);
    offset += size;
  }
  return Kernel{.run = [plans, dtype = c.in(0).dtype, threads = c.threads()](const KernelArgs& a) {
    for (size_t i = 0; i < plans.size(); ++i) {
      if (a.out[i] != nullptr) kernels::strided_copy(plans[i], dtype, a.in[0], a.out[i], threads);
    }
  }};
}

// dx = concat(dy) along `axis`, zeros where nothing flows
Result<Values> gradient(Builder& b, const Node& n, const Values&, const Values& y, const Values& dy) {
  Values parts = dy;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].valid()) parts[i] = ops::zeros_like(b, y[i]);
  }
  Values dx(n.inputs.size());
  dx[0] = b.op("Concat", parts, {{"axis", n.integer("axis")}});
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 6})},
           .attributes = {{"axis", int64_t{1}}, {"num_outputs", int64_t{3}}},
           .outputs = 3},
          {.inputs = {ops::sample({5, 2}), ops::ints_sample({1, 4})}, .outputs = 2}};
}

}  // namespace

OPERATOR(split) = {
    .name = "Split",
    .since = 2,
    .doc = "y_i = the i-th part of x along `axis`, of sizes `split` or `num_outputs` equal ones.",
    .inputs = {1, 2},
    .outputs = {1, kMany},
    .attributes = {{{"axis", 0}, {"num_outputs", kOptionalInt}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::split,
    .quant = {Quant::passes},
    .tflite = {"SPLIT_V", nullptr},
    .samples = samples,
};

}  // namespace slipway
