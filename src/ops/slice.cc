// Slice.
#include "ops/batch_rules.h"
#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/slice_range.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  std::vector<int64_t> values[5];
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    std::optional<std::vector<int64_t>> known = TRY(ops::index_input(c, i));
    if (!known) {
      if (c.dims(0).empty()) return invalid("x is a scalar; it has no dimension to slice");
      c.set(0, c.dtype(0), ops::unknown_dims(c.dims(0).size()));
      return {};
    }
    values[i] = *known;
  }
  c.set(0, c.dtype(0), TRY(ops::slice_dims(c.dims(0), values[1], values[2], values[3], values[4])));
  return {};
}

kernels::StridedCopy plan_of(const Shape& x, const ops::IntInputs& ints) {
  return ops::slice_copy(x, ints[1], ints[2], ints[3], ints[4], true);
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  RETURN_IF_ERROR(ops::expect_few_ints(c, 1));
  Shape x = c.in(0).shape;
  DType dtype = c.in(0).dtype;
  int threads = c.threads();
  if (std::optional<ops::IntInputs> ints = ops::constant_ints(c, 1)) {
    return ops::copy_kernel(plan_of(x, *ints), dtype, threads);
  }
  return Kernel{.run = [x, dtype, threads, read = ops::int_reader(c, 1)](const KernelArgs& a) {
    kernels::strided_copy(plan_of(x, read(a)), dtype, a.in[0], a.out[0], threads);
  }};
}

// dx = zeros like x, with dy at the places that were read
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values inputs = {dy[0], ops::shape_of(b, x[0])};
  inputs.insert(inputs.end(), x.begin() + 1, x.end());
  Values dx(n.inputs.size());
  dx[0] = b.op("SliceGrad", inputs, {}, "slipway");
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({5, 6}), ops::ints_sample({1, 0}), ops::ints_sample({4, 100})}},
          {.inputs = {ops::sample({5, 6}), ops::ints_sample({-1}), ops::ints_sample({-100}), ops::ints_sample({1}),
                      ops::ints_sample({-2})}}};
}

}  // namespace

OPERATOR(slice) = {
    .name = "Slice",
    .since = 1,
    .doc = "y = x[start:end:step] along each of `axes` (by default the first ones), with NumPy's bounds.",
    .inputs = {3, 5},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::slice,
    .quant = {Quant::passes},
    .tflite = {"STRIDED_SLICE", nullptr},
    .samples = samples,
};

}  // namespace slipway
