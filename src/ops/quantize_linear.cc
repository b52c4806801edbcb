// QuantizeLinear.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/quantization.h"

namespace slipway {

namespace {

Result<DType> target(InferContext& c) {
  int64_t number = c.node().integer("output_dtype");
  DType wanted = number == 0 ? DType::u8 : TRY(ops::dtype_attribute(c.node(), "output_dtype"));
  DType dtype = c.has_input(2) ? c.dtype(2) : wanted;
  bool named = number == 0 || dtype == wanted;
  if (!named) return invalid(fmt::format("output_dtype {} is not the zero point's type {}", number, dtype_name(dtype)));
  if (dtype == DType::u8 || dtype == DType::i8 || dtype == DType::u16 || dtype == DType::i16) return dtype;
  return unsupported(
      fmt::format("quantization to type number {} is not implemented; expected uint8, int8, uint16 or int16",
                  static_cast<int>(dtype)));
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::f32, DType::f16, DType::bf16, DType::i32}));
  RETURN_IF_ERROR(ops::expect_scales(c));
  c.set(0, TRY(target(c)), c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::ScaleLayout layout = ops::scale_layout(c.node(), c.in(0).shape, c.in(1).shape);
  bool zero = c.has_input(2);
  return Kernel{.run = [=, x = c.in(0).dtype, scale = c.in(1).dtype, q = c.out(0).dtype,
                        threads = c.threads()](const KernelArgs& a) {
    kernels::quantize(layout, x, a.in[0], scale, a.in[1], q, zero ? a.in[2] : nullptr, a.out[0], threads);
  }};
}

// `v` (one, or one per index of the axis) in a shape that broadcasts against x.
ValueId along_axis(Builder& b, const Node& n, ValueId v, ValueId x) {
  const Dims& dims = b.dims(v);
  if (dims.empty() || (dims[0].known() && dims[0].size == 1)) return v;
  int64_t rank = b.rank(x);
  std::vector<int64_t> shape(static_cast<size_t>(rank), 1);
  shape[static_cast<size_t>(ops::axis_of(n, "axis", rank))] = -1;
  return b.op("Reshape", {v, b.ints(shape)});
}

// Straight through (Bengio et al. 2013, "Estimating or Propagating Gradients Through Stochastic Neurons"): gradients of
// quantized values are counted in the units of x, so dx = dy where x is in the range of y's type, else 0.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  if (!dy[0].valid()) return Values(n.inputs.size());
  if (n.integer("block_size") != 0) return unsupported("no gradient of blocked quantization");
  bool is_signed = b.dtype(y[0]) == DType::i8 || b.dtype(y[0]) == DType::i16;
  float levels = b.dtype(y[0]) == DType::i8 || b.dtype(y[0]) == DType::u8 ? 256.f : 65536.f;
  float lowest = is_signed ? -levels / 2 : 0;
  auto to = static_cast<int64_t>(b.dtype(x[0]));
  auto as_x = [&](ValueId v) { return b.op("Cast", {along_axis(b, n, v, x[0])}, {{"to", to}}); };
  ValueId scale = as_x(x[1]);
  auto bound = [&](float level) {
    ValueId steps = b.op("Cast", {b.scalar(level)}, {{"to", to}});
    if (n.has_input(2)) steps = b.sub(steps, as_x(x[2]));
    return b.mul(steps, scale);
  };
  ValueId inside = b.op("And", {b.op("GreaterOrEqual", {x[0], bound(lowest - 0.5f)}),
                                b.op("LessOrEqual", {x[0], bound(lowest + levels - 0.5f)})});
  Values dx(n.inputs.size());
  dx[0] = b.mul(dy[0], b.op("Cast", {inside}, {{"to", to}}));
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 3}), ops::fixed(Tensor::scalar(0.05f)), ops::fixed(Tensor::scalar<int8_t>(3))}},
          {.inputs = {ops::sample({2, 3}), ops::fixed(Tensor::of<float>({3}, {0.01f, 0.02f, 0.03f})),
                      ops::fixed(Tensor::of<uint8_t>({3}, {128, 100, 120}))}}};
}

}  // namespace

OPERATOR(quantize_linear) = {
    .name = "QuantizeLinear",
    .since = 10,
    .doc = "y = saturate(round(x / scale) + zero_point), ties to even; scales per tensor, per `axis` or per block.",
    .inputs = {2, 3},
    .attributes = {{{"axis", 1}, {"block_size", 0}, {"output_dtype", 0}, {"saturate", 1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::quantize,
    .tflite = {"QUANTIZE", "one scale per tensor; the scale lies in the tensor's quantization parameters"},
    .samples = samples,
};

}  // namespace slipway
