// slipway.PadGrad: the gradient of Pad.
#include "kernels/pad.h"
#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/padding.h"

namespace slipway {

namespace {

// Inputs: dy, shape of x, pads, axes.
// Only the contents of the others tell whether dy fits.
Status infer(InferContext& c) {
  kernels::PadMode mode = TRY(ops::pad_mode(c.node()));
  RETURN_IF_ERROR(ops::expect_numbers(c, 0));
  std::optional<std::vector<int64_t>> shape = TRY(ops::index_input(c, 1)), pads = TRY(ops::index_input(c, 2));
  std::optional<std::vector<int64_t>> axes = std::vector<int64_t>();
  if (c.has_input(3)) axes = TRY(ops::index_input(c, 3));
  if (!shape || !pads || !axes) return ops::await_contents(c);
  (void)TRY(checked_count(*shape));
  RETURN_IF_ERROR(ops::expect_dims(c, 0, "dy", TRY(ops::padded_dims(mode, to_dims(*shape), *pads, *axes))));
  c.set(0, c.dtype(0), to_dims(*shape));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  RETURN_IF_ERROR(ops::expect_few_ints(c, 1));
  kernels::PadMode mode = TRY(ops::pad_mode(c.node()));
  bool axes = c.has_input(3);
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(kernels::pad_scratch(c.in(0).shape)) * sizeof(int64_t);
  kernel.run = [mode, axes, y = c.in(0), x = c.out(0), pads = ops::one_int_reader(c, 2),
                axis = ops::one_int_reader(c, axes ? 3 : 2)](const KernelArgs& a) {
    ops::Ints widths = pads(a);
    ops::Ints names = axis(a);
    std::array<int64_t, kernels::kMaxRank> before;
    std::span<const int64_t> named = axes ? names.span() : std::span<const int64_t>();
    Status fits = ops::spread_pads(widths.span(), named, static_cast<int64_t>(x.shape.size()), before.data(), nullptr);
    CHECK(fits.ok(), "pads that Pad accepted do not fit its gradient");
    kernels::pad_grad(mode, x.shape, y.shape, std::span(before).first(x.shape.size()), x.dtype, a.in[0], a.out[0],
                      static_cast<int64_t*>(a.scratch));
  };
  return kernel;
}

// d(dy) = pad(ddx) with a constant of 0: the operator is linear
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values inputs = {dy[0], x[2]};
  if (n.has_input(3)) inputs = {dy[0], x[2], ValueId{}, x[3]};
  Values dx(n.inputs.size());
  dx[0] = b.op("Pad", inputs, {{"mode", n.text("mode")}});
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({6, 7}), ops::ints_sample({3, 4}), ops::ints_sample({1, 0, 2, 3})},
           .attributes = {{"mode", "reflect"}}}};
}

}  // namespace

OPERATOR(pad_grad) = {
    .name = "PadGrad",
    .domain = "slipway",
    .doc = "dx = zeros of `shape`; dx[i] += dy[j] for every j of the padded tensor that reads i.",
    .inputs = {3, 4},
    .attributes = {{{"mode", "constant"}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
