// DynamicQuantizeLinear.
#include "kernels/parallel.h"
#include "kernels/quantize.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::f32}));
  c.set(0, DType::u8, c.dims(0));
  c.set(1, DType::f32, {});
  c.set(2, DType::u8, {});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  bool give_y = c.has_output(0), give_scale = c.has_output(1), give_zero = c.has_output(2);
  return Kernel{.run = [=, n = c.in(0).count(), threads = c.threads()](const KernelArgs& a) {
    const float* x = a.input<float>(0);
    kernels::DynamicScale range = kernels::dynamic_scale(x, n, threads);
    if (give_y) {
      auto* y = a.output<uint8_t>(0);
      parallel_for(threads, n, 16384, [&](int64_t begin, int64_t end) {
        kernels::quantize_u8(x + begin, y + begin, end - begin, range.scale, range.zero_point);
      });
    }
    if (give_scale) *a.output<float>(1) = range.scale;
    if (give_zero) *a.output<uint8_t>(2) = range.zero_point;
  }};
}

std::vector<Sample> samples() { return {{.inputs = {ops::sample({3, 4})}, .outputs = 3}}; }

}  // namespace

OPERATOR(dynamic_quantize_linear) = {
    .name = "DynamicQuantizeLinear",
    .since = 11,
    .doc = "y = saturate(round(x / y_scale) + y_zero_point) with [min(x, 0), max(x, 0)] mapped onto [0, 255].",
    .outputs = {1, 3},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite quantizes dynamically inside its kernels; quantize statically instead"},
    .samples = samples,
};

}  // namespace slipway
