// Pad.
#include <fmt/format.h>

#include "kernels/pad.h"
#include "ops/batch_rules.h"
#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/padding.h"

namespace slipway {

namespace {

// Inputs: x, pads, constant_value, axes.
Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  kernels::PadMode mode = TRY(ops::pad_mode(c.node()));
  if (c.has_input(2)) RETURN_IF_ERROR(ops::expect_dtype(c, 2, {c.dtype(0)}));
  std::optional<std::vector<int64_t>> pads = TRY(ops::index_input(c, 1));
  std::optional<std::vector<int64_t>> axes = std::vector<int64_t>();
  if (c.has_input(3)) axes = TRY(ops::index_input(c, 3));
  if (x.empty() && !(pads && axes)) return invalid("x is a scalar; it has no dimension to pad");
  c.set(0, c.dtype(0), pads && axes ? TRY(ops::padded_dims(mode, x, *pads, *axes)) : ops::unknown_dims(x.size()));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  RETURN_IF_ERROR(ops::expect_few_ints(c, 1));
  kernels::PadMode mode = TRY(ops::pad_mode(c.node()));
  bool axes = c.has_input(3);
  bool value = c.has_input(2) && c.in(2).count() > 0;
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(kernels::pad_scratch(c.out(0).shape)) * sizeof(int64_t);
  kernel.run = [mode, value, axes, x = c.in(0), y = c.out(0), pads = ops::one_int_reader(c, 1),
                axis = ops::one_int_reader(c, axes ? 3 : 1)](const KernelArgs& a) {
    ops::Ints widths = pads(a);
    ops::Ints names = axis(a);
    std::array<int64_t, kernels::kMaxRank> before;
    auto rank = static_cast<int64_t>(x.shape.size());
    std::span<const int64_t> named = axes ? names.span() : std::span<const int64_t>();
    Status fits = ops::spread_pads(widths.span(), named, rank, before.data(), nullptr);
    CHECK(fits.ok(), "pads that inference accepted do not fit");
    kernels::pad(mode, x.shape, y.shape, std::span(before).first(x.shape.size()), x.dtype, a.in[0],
                 value ? a.in[2] : nullptr, a.out[0], static_cast<int64_t*>(a.scratch));
  };
  return kernel;
}

// dx[source(i)] += dy[i]
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values inputs = {dy[0], ops::shape_of(b, x[0]), x[1]};
  if (n.has_input(3)) inputs.push_back(x[3]);
  Values dx(n.inputs.size());
  dx[0] = b.op("PadGrad", inputs, {{"mode", n.text("mode")}}, "slipway");
  return dx;
}

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (const char* mode : {"constant", "reflect", "edge", "wrap"}) {
    all.push_back({.inputs = {ops::sample({3, 4}), ops::ints_sample({1, 0, 2, 3})}, .attributes = {{"mode", mode}}});
  }
  all.push_back({.inputs = {ops::sample({3, 4}), ops::ints_sample({1, -1}), ops::fixed(Tensor::scalar(7.f)),
                            ops::ints_sample({-1})}});
  return all;
}

}  // namespace

OPERATOR(pad) = {
    .name = "Pad",
    .since = 1,
    .doc = "y = x with `pads` elements before and behind each of `axes`: constant, reflected, of the edge or wrapped.",
    .inputs = {2, 4},
    .attributes = {{{"mode", "constant"}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::pad,
    .quant = {Quant::passes},
    .tflite = {"PADV2", "constant; reflect becomes MIRROR_PAD; edge, wrap and cutting are refused"},
    .samples = samples,
};

}  // namespace slipway
