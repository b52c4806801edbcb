// QLinearConv.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/int8_conv.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// Inputs: x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B (int32).
Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_int8(c, 0, 2, 3, 5));
  RETURN_IF_ERROR(ops::expect_dtype(c, 7, {DType::u8, DType::i8}));
  for (size_t i : {1, 4, 6}) RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::f32}));
  if (c.has_input(8)) RETURN_IF_ERROR(ops::expect_dtype(c, 8, {DType::i32}));
  c.set(0, c.dtype(7), TRY(ops::conv_output(c.node(), c.dims(0), c.dims(3))));
  return {};
}

struct Epilogue {
  ops::Int8Conv conv;
  DType q;
  int64_t w_scales;
  bool bias;
  size_t product, acc, offset, scale, y;  // offsets in scratch
  int threads;

  void operator()(const KernelArgs& a) const {
    auto* scratch = static_cast<std::byte*>(a.scratch);
    auto* sums = reinterpret_cast<int32_t*>(scratch + acc);
    const int32_t* minus = conv.product->run(a.instance, {a.in[0], a.in[3], a.in[2], a.in[5], sums, scratch + product});
    int64_t n = conv.channels;
    if (bias) {  // acc + B = acc - (offset - B)
      auto* joined = reinterpret_cast<int32_t*>(scratch + offset);
      for (int64_t j = 0; j < n; ++j) joined[j] = (minus != nullptr ? minus[j] : 0) - a.input<int32_t>(8)[j];
      minus = joined;
    }
    auto* steps = reinterpret_cast<float*>(scratch + scale);
    ops::join_scales(DType::f32, a.in[4], w_scales, *a.input<float>(1), n, steps);
    for (int64_t j = 0; j < n; ++j) steps[j] /= *a.input<float>(6);
    kernels::Rescale rescale = {.n = n, .offset = minus, .scale = steps};
    kernels::rescale_to_int8(rescale, sums, conv.rows, kernels::zero_at(q, a.in[7], 0), q == DType::u8 ? 0 : -128, q,
                             scratch + y, threads);
    kernels::strided_copy(conv.restore, q, scratch + y, a.out[0], threads);
  }
};

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  Epilogue e = {.conv = TRY(ops::int8_conv(c, c.in(0).dtype, 3, ops::zero_point(c, 2), ops::zero_point(c, 5))),
                .q = c.out(0).dtype,
                .w_scales = c.in(4).count(),
                .bias = c.has_input(8),
                .threads = c.threads()};
  if (e.w_scales != 1 && e.w_scales != e.conv.channels) {
    return invalid(fmt::format("w_scale has {} elements; expected 1 or {}", e.w_scales, e.conv.channels));
  }
  auto count = static_cast<size_t>(e.conv.rows * e.conv.channels);
  auto channels = static_cast<size_t>(e.conv.channels);
  kernels::ScratchLayout layout;
  e.product = layout.reserve(e.conv.product->scratch_bytes());
  e.acc = layout.reserve(count * sizeof(int32_t));
  e.offset = layout.reserve(channels * sizeof(int32_t));
  e.scale = layout.reserve(channels * sizeof(float));
  e.y = layout.reserve(count);
  Kernel kernel;
  kernel.scratch_bytes = layout.bytes();
  kernel.make_instance = [product = e.conv.product] { return product->make_instance(); };
  kernel.run = e;
  return kernel;
}

std::vector<Sample> samples() {
  auto scale = [](float x) { return ops::fixed(Tensor::scalar(x)); };
  auto zero = [](uint8_t x) { return ops::fixed(Tensor::scalar(x)); };
  return {{.inputs = {ops::sample({1, 2, 5, 5}, DType::u8), scale(0.1f), zero(1), ops::sample({3, 2, 3, 3}, DType::u8),
                      scale(0.2f), zero(128), scale(0.3f), zero(2)},
           .attributes = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}}};
}

}  // namespace

OPERATOR(qlinear_conv) = {
    .name = "QLinearConv",
    .since = 10,
    .doc =
        "Quantized convolution: int32 sums plus B (scaled by x_scale w_scale), quantized with y's scale and zero "
        "point.",
    .inputs = {8, 9},
    .attributes = ops::windowed({ops::kKernelShape, ops::kGroup}),
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = {"CONV_2D", "DEPTHWISE_CONV_2D when group = C; int8 with zero-point 0 weights"},
    .samples = samples,
};

}  // namespace slipway
