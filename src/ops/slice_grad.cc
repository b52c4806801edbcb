// slipway.SliceGrad: the gradient of Slice.
#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/slice_range.h"

namespace slipway {

namespace {

// Inputs: dy, shape of x, starts, ends, axes, steps.
// Only the contents of the others tell whether dy fits.
Status infer(InferContext& c) {
  std::vector<int64_t> values[6];
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    std::optional<std::vector<int64_t>> known = TRY(ops::index_input(c, i));
    if (!known) return ops::await_contents(c);
    values[i] = *known;
  }
  (void)TRY(checked_count(values[1]));
  Dims y = TRY(ops::slice_dims(to_dims(values[1]), values[2], values[3], values[4], values[5]));
  RETURN_IF_ERROR(ops::expect_dims(c, 0, "dy", y));
  c.set(0, c.dtype(0), to_dims(values[1]));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.out(0)));
  RETURN_IF_ERROR(ops::expect_few_ints(c, 1));
  return Kernel{.run = [type = c.out(0), threads = c.threads(), read = ops::int_reader(c, 1)](const KernelArgs& a) {
    ops::IntInputs ints = read(a);
    kernels::fill(type.dtype, nullptr, a.out[0], type.count(), threads);
    kernels::strided_copy(ops::slice_copy(type.shape, ints[2], ints[3], ints[4], ints[5], false), type.dtype, a.in[0],
                          a.out[0], threads);
  }};
}

// d(dy) = slice(ddx): the operator is linear
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values inputs = {dy[0]};
  inputs.insert(inputs.end(), x.begin() + 2, x.end());
  Values dx(n.inputs.size());
  dx[0] = b.op("Slice", inputs);
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 2}), ops::ints_sample({5, 4}), ops::ints_sample({1, 3}),
                      ops::ints_sample({4, -10}), ops::ints_sample({0, 1}), ops::ints_sample({1, -2})}}};
}

}  // namespace

OPERATOR(slice_grad) = {
    .name = "SliceGrad",
    .domain = "slipway",
    .doc = "dx = zeros of `shape` with dx[start:end:step] = dy.",
    .inputs = {4, 6},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
