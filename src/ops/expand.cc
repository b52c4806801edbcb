// Expand.
#include "ops/batch_rules.h"
#include "ops/movement.h"
#include "ops/sizes.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  std::optional<std::vector<int64_t>> shape = TRY(ops::index_input(c, 1));
  if (shape) {
    (void)TRY(checked_count(*shape));
    c.set(0, c.dtype(0), TRY(ops::broadcast_dims(c.dims(0), to_dims(*shape))));
    return {};
  }
  const Dims& length = c.dims(1);
  if (length.size() == 1 && length[0].known()) {
    Dims y = TRY(ops::unknown_dims_of_length(length[0], 0));
    y.resize(std::max(y.size(), c.dims(0).size()));
    c.set(0, c.dtype(0), std::move(y));
  }
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.out(0)));
  const Shape& x = c.in(0).shape;
  const Shape& y = c.out(0).shape;
  Shape in = row_major_strides(x);
  Shape out = row_major_strides(y);
  size_t lead = y.size() - x.size();
  kernels::StridedCopy plan;
  for (size_t d = 0; d < y.size(); ++d) plan.push(y[d], d < lead || x[d - lead] == 1 ? 0 : in[d - lead], out[d]);
  return ops::copy_kernel(plan, c.in(0).dtype, c.threads());
}

// dx = sum of dy over the stretched dimensions
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.unbroadcast(dy[0], x[0]), {}};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 1}), ops::ints_sample({2, 1, 4})}},
          {.inputs = {ops::sample({3, 2}), ops::ints_sample({1})}}};
}

}  // namespace

OPERATOR(expand) = {
    .name = "Expand",
    .since = 8,
    .doc = "y = x repeated where its size is 1, to the common broadcast shape of x and `shape`.",
    .inputs = {2, 2},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::expand,
    .quant = {Quant::passes},
    .tflite = {"BROADCAST_TO", nullptr},
    .samples = samples,
};

}  // namespace slipway
