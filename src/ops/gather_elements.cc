// GatherElements.
#include <fmt/format.h>

#include "kernels/gather.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i64, DType::i32}));
  const Dims& x = c.dims(0);
  const Dims& indices = c.dims(1);
  if (x.empty() || x.size() != indices.size()) {
    return invalid(
        fmt::format("indices {} must have the rank of data {}, at least 1", to_string(indices), to_string(x)));
  }
  auto axis = static_cast<size_t>(TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.size()))));
  for (size_t d = 0; d < x.size(); ++d) {
    if (d != axis && x[d].known() && indices[d].known() && indices[d].size > x[d].size) {
      return invalid(
          fmt::format("indices {} reach beyond data {} in dimension {}", to_string(indices), to_string(x), d));
    }
  }
  c.set(0, c.dtype(0), indices);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  int64_t axis = ops::axis_of(c.node(), "axis", static_cast<int64_t>(c.in(0).shape.size()));
  return Kernel{.run = [axis, x = c.in(0), indices = c.in(1)](const KernelArgs& a) {
    a.report(
        kernels::gather_elements(x.shape, indices.shape, axis, x.dtype, a.in[0], indices.dtype, a.in[1], a.out[0]));
  }};
}

// dx = zeros like x; dx[indices] += dy
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId dx = b.op("ScatterElements", {ops::zeros_like(b, x[0]), x[1], dy[0]},
                    {{"axis", n.integer("axis")}, {"reduction", "add"}});
  return Values{dx, {}};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 2}), ops::fixed(Tensor::of<int64_t>({2, 2}, {2, 0, -1, 1}))}},
          {.inputs = {ops::sample({2, 3}), ops::fixed(Tensor::of<int64_t>({2, 2}, {0, 0, 1, 2}))},
           .attributes = {{"axis", int64_t{1}}}}};
}

}  // namespace

OPERATOR(gather_elements) = {
    .name = "GatherElements",
    .since = 11,
    .doc = "y[i] = x[i with i_axis = indices[i]].",
    .inputs = {2, 2},
    .attributes = {{{"axis", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::aligned,
    .quant = {Quant::passes},
    .tflite = {nullptr, "TFLite gathers whole slices only (GATHER, GATHER_ND)"},
    .samples = samples,
};

}  // namespace slipway
