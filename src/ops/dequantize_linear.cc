// DequantizeLinear.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/quantization.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::u8, DType::i8, DType::u16, DType::i16, DType::i32}));
  RETURN_IF_ERROR(ops::expect_scales(c));
  if (c.has_input(2)) RETURN_IF_ERROR(ops::expect_dtype(c, 2, {c.dtype(0)}));
  DType dtype = c.dtype(1);
  if (c.node().integer("output_dtype") != 0) dtype = TRY(ops::dtype_attribute(c.node(), "output_dtype"));
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    return invalid(fmt::format("output_dtype is {}; expected float32, float16 or bfloat16", dtype_name(dtype)));
  }
  c.set(0, dtype, c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::ScaleLayout layout = ops::scale_layout(c.node(), c.in(0).shape, c.in(1).shape);
  bool zero = c.has_input(2);
  if (c.out(0).dtype != c.in(1).dtype) {
    return unsupported(
        fmt::format("a scale of {} gives {} only", dtype_name(c.in(1).dtype), dtype_name(c.in(1).dtype)));
  }
  return Kernel{.run = [=, q = c.in(0).dtype, y = c.out(0).dtype, threads = c.threads()](const KernelArgs& a) {
    kernels::dequantize(layout, q, a.in[0], y, a.in[1], zero ? a.in[2] : nullptr, a.out[0], threads);
  }};
}

// dx = dy: gradients of quantized values are counted in the units of y (see QuantizeLinear)
Result<Values> gradient(Builder&, const Node& n, const Values&, const Values&, const Values& dy) {
  Values dx(n.inputs.size());
  dx[0] = dy[0];
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 3}, DType::i8), ops::fixed(Tensor::scalar(0.05f)),
                      ops::fixed(Tensor::scalar<int8_t>(3))}},
          {.inputs = {ops::sample({2, 3}, DType::u8), ops::fixed(Tensor::of<float>({2}, {0.01f, 0.02f}))},
           .attributes = {{"axis", int64_t{0}}}}};
}

}  // namespace

OPERATOR(dequantize_linear) = {
    .name = "DequantizeLinear",
    .since = 10,
    .doc = "y = (x - zero_point) scale; scales per tensor, per `axis` or per block.",
    .inputs = {2, 3},
    .attributes = {{{"axis", 1}, {"block_size", 0}, {"output_dtype", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::quantize,
    .tflite = {"DEQUANTIZE", "one scale per tensor, or per axis for a constant"},
    .samples = samples,
};

}  // namespace slipway
