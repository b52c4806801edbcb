// Gather.
#include <fmt/format.h>

#include "kernels/gather.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// Known indices must lie in the dimension; the kernel checks computed ones.
Status check_indices(const std::vector<int64_t>& indices, const Dim& axis) {
  for (int64_t index : indices) {
    if (axis.known() && (index < -axis.size || index >= axis.size)) {
      return invalid(fmt::format("index {} is outside [{}, {})", index, -axis.size, axis.size));
    }
  }
  return {};
}

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  auto axis = TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.size())));
  std::optional<std::vector<int64_t>> indices = TRY(ops::index_input(c, 1));
  if (indices) RETURN_IF_ERROR(check_indices(*indices, x[static_cast<size_t>(axis)]));
  Dims y(x.begin(), x.begin() + axis);
  y.insert(y.end(), c.dims(1).begin(), c.dims(1).end());
  y.insert(y.end(), x.begin() + axis + 1, x.end());
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::span<const int64_t> x = c.in(0).shape;
  auto axis = static_cast<size_t>(ops::axis_of(c.node(), "axis", static_cast<int64_t>(x.size())));
  kernels::GatherShape shape = {element_count(x.first(axis)), x[axis], c.in(1).count(),
                                element_count(x.subspan(axis + 1))};
  return Kernel{.run = [=, dtype = c.in(0).dtype, index = c.in(1).dtype, threads = c.threads()](const KernelArgs& a) {
    a.report(kernels::gather(shape, dtype, a.in[0], index, a.in[1], a.out[0], threads));
  }};
}

// dx = zeros like x; dx[indices] += dy along `axis`
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId dx = b.op("GatherGrad", {dy[0], x[1], ops::shape_of(b, x[0])}, {{"axis", n.integer("axis")}}, "slipway");
  return Values{dx, {}};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({4, 3}), ops::ints_sample({3, 0, 3})}},
          {.inputs = {ops::sample({2, 4, 3}), ops::ints_sample({-1, 1})}, .attributes = {{"axis", int64_t{1}}}}};
}

}  // namespace

OPERATOR(gather) = {
    .name = "Gather",
    .since = 1,
    .doc = "y = x[..., indices, ...] along `axis`; y has the shape of `indices` in place of that dimension.",
    .inputs = {2, 2},
    .attributes = {{{"axis", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::gather,
    .quant = {Quant::passes},
    .tflite = {"GATHER", nullptr},
    .samples = samples,
};

}  // namespace slipway
