// slipway.BatchNormalizationGradChannelsLast: the backward pass of BatchNormalizationChannelsLast.
#include "kernels/channel_normalization.h"
#include "kernels/scratch.h"
#include "ops/contraction.h"
#include "ops/expect.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  if (c.dims(0).empty()) return invalid("X must have a dimension of channels");
  RETURN_IF_ERROR(ops::expect_same_dtypes(c));
  const Dims channels = {c.dims(0).back()};
  constexpr const char* kNames[] = {"scale", "B", "mean", "inverse"};
  for (size_t i = 1; i < 5; ++i) RETURN_IF_ERROR(ops::expect_dims(c, i, kNames[i - 1], channels));
  RETURN_IF_ERROR(ops::expect_dims(c, 5, "dY", c.dims(0)));
  c.set(0, c.dtype(0), c.dims(0));
  for (size_t i = 1; i < 3; ++i) c.set(i, c.dtype(0), channels);
  return {};
}

// See kernels::channel_normalize_backward.
Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype != DType::f32) return unsupported("BatchNormalizationGradChannelsLast computes in float32");
  kernels::ChannelRows s;
  s.channels = c.in(0).shape.back();
  s.rows = s.channels == 0 ? 0 : c.in(0).count() / s.channels;
  const bool relu = TRY(ops::rectifies(c.node()));
  const int threads = c.threads();
  kernels::ScratchLayout scratch;
  const size_t sums = scratch.reserve(static_cast<size_t>(s.scratch()) * sizeof(double));
  const size_t factors = scratch.reserve(static_cast<size_t>(s.channels) * sizeof(float));
  auto run = [=](const KernelArgs& a) {
    auto* base = static_cast<std::byte*>(a.scratch);
    auto* factor = reinterpret_cast<float*>(base + factors);
    const float* inverse = a.input<float>(4);
    for (int64_t i = 0; i < s.channels; ++i) factor[i] = a.input<float>(1)[i] * inverse[i];
    kernels::channel_normalize_backward(
        s, a.input<float>(0), a.input<float>(5), {a.input<float>(3), factor, a.input<float>(2)}, inverse, relu,
        a.output<float>(0), a.output<float>(1), a.output<float>(2), reinterpret_cast<double*>(base + sums), threads);
  };
  return Kernel{.run = run, .scratch_bytes = scratch.bytes()};
}

std::vector<Sample> samples() {
  Sample::Input channels{.type = {DType::f32, {3}}}, inverse{.type = {DType::f32, {3}}, .low = 0.5, .high = 2};
  Sample::Input x{.type = {DType::f32, {4, 2, 3}}};
  return {
      {.inputs = {x, channels, channels, channels, inverse, x}, .outputs = 3},
      {.inputs = {x, channels, channels, channels, inverse, x}, .attributes = {{"activation", "Relu"}}, .outputs = 3}};
}

}  // namespace

OPERATOR(batch_normalization_grad_channels_last) = {
    .name = "BatchNormalizationGradChannelsLast",
    .domain = "slipway",
    .doc =
        "(dX, dscale, dB) of BatchNormalizationChannelsLast without an addend from (X, scale, B, mean, inverse, dY).",
    .inputs = {6, 6},
    .outputs = {3, 3},
    .attributes = {{ops::kActivation}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
