// slipway.QuantizedGemm: a fully connected layer on int8 weights in one kernel.
#include <fmt/format.h>

#include "ops/movement.h"
#include "ops/quantized_product.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  const Dims& x = c.dims(ops::kX);
  const Dims& w = c.dims(ops::kW);
  if (x.size() < 2 || w.size() != 2) {
    return invalid(fmt::format("x {} and w {}; expected rows and a matrix", to_string(x), to_string(w)));
  }
  bool transposed = c.node().integer("transpose_w") != 0;
  const Dim& k = w[transposed ? 1 : 0];
  const Dim& n = w[transposed ? 0 : 1];
  if (k.known() && x.back().known() && k.size != x.back().size) {
    return invalid(fmt::format("x {} and w {} do not fit: inner sizes {} and {}", to_string(x), to_string(w),
                               x.back().size, k.size));
  }
  RETURN_IF_ERROR(ops::expect_quantized(c, n));
  Dims y = x;
  y.back() = n;
  c.set(0, ops::quantized_output(c.node(), c.has_input(ops::kYZero) ? c.dtype(ops::kYZero) : DType::u8), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  kernels::Int8GemmSpec spec = {.x = ops::quantized_x(c), .threads = c.threads()};
  spec.n = c.out(0).shape.back();
  spec.m = c.out(0).count() / spec.n;
  spec.k = c.in(ops::kX).shape.back();
  if (spec.k == 0) return unsupported("a matrix product over no elements");
  spec.transpose_w = c.node().integer("transpose_w") != 0;
  spec.x_zero = ops::quantized_x_zero(c);
  spec.constant_w = c.constant(ops::kW);
  auto product = TRY(kernels::make_int8_gemm(spec, ops::pack_through(c)));
  return ops::quantized_kernel(c, std::move(product), spec.m, spec.n, nullptr);
}

std::vector<Sample> samples() {
  Sample::Input w = ops::sample({4, 3}, DType::i8);
  Sample::Input steps = ops::fixed(Tensor::of<float>({3}, {0.1f, 0.2f, 0.3f}));
  return {{.inputs = {ops::sample({2, 4}), w, steps, ops::sample({3})}},
          {.inputs = {ops::sample({2, 4}, DType::u8),
                      w,
                      steps,
                      {},
                      ops::fixed(Tensor::scalar(0.5f)),
                      ops::fixed(Tensor::scalar<uint8_t>(3)),
                      ops::fixed(Tensor::scalar(0.7f)),
                      ops::fixed(Tensor::scalar<int8_t>(-4))},
           .attributes = {{"activation", "Relu"}}}};
}

}  // namespace

OPERATOR(quantized_gemm) = {
    .name = "QuantizedGemm",
    .domain = "slipway",
    .doc =
        "activation(x w w_scale + bias) in int8: x is quantized on the way in (by x_scale, or its own range), y by "
        "y_scale.",
    .inputs = {3, 8},
    .attributes = {{{"transpose_w", 0}, {"activation", ""}}},
    .infer = infer,
    .cpu = prepare,
    .quant = {Quant::weighted},
    .tflite = {"FULLY_CONNECTED", "static scales only"},
    .samples = samples,
};

}  // namespace slipway
