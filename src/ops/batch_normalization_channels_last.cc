// slipway.BatchNormalizationChannelsLast: BatchNormalization in training mode on [N, ..., C], with what follows it.
#include <cmath>

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
  constexpr const char* kNames[] = {"scale", "B", "mean", "var"};
  for (size_t i = 1; i < 5; ++i) RETURN_IF_ERROR(ops::expect_dims(c, i, kNames[i - 1], channels));
  RETURN_IF_ERROR(ops::expect_dims(c, 5, "addend", c.dims(0)));
  c.set(0, c.dtype(0), c.dims(0));
  for (size_t i = 1; i < 5; ++i) c.set(i, c.dtype(0), channels);
  return {};
}

// The running mean and variance move towards the batch's: r' = momentum r + (1 - momentum) b (population variance).
Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype != DType::f32) return unsupported("BatchNormalizationChannelsLast computes in float32");
  kernels::ChannelRows s;
  s.channels = c.in(0).shape.back();
  s.rows = s.channels == 0 ? 0 : c.in(0).count() / s.channels;
  const bool relu = TRY(ops::rectifies(c.node())), addend = c.has_input(5);
  const float epsilon = c.node().real("epsilon"), momentum = c.node().real("momentum");
  const int threads = c.threads();
  kernels::ScratchLayout scratch;
  const auto channel_bytes = static_cast<size_t>(s.channels) * sizeof(float);
  const size_t sums = scratch.reserve(static_cast<size_t>(s.scratch()) * sizeof(double));
  const size_t variances = scratch.reserve(channel_bytes), factors = scratch.reserve(channel_bytes);
  auto run = [=](const KernelArgs& a) {
    auto* base = static_cast<std::byte*>(a.scratch);
    auto* variance = reinterpret_cast<float*>(base + variances);
    auto* factor = reinterpret_cast<float*>(base + factors);
    float* mean = a.output<float>(3);
    float* inverse = a.output<float>(4);
    kernels::channel_moments(s, a.input<float>(0), mean, variance, reinterpret_cast<double*>(base + sums), threads);
    for (int64_t i = 0; i < s.channels; ++i) {
      inverse[i] = 1 / std::sqrt(variance[i] + epsilon);
      factor[i] = a.input<float>(1)[i] * inverse[i];
      a.output<float>(1)[i] = momentum * a.input<float>(3)[i] + (1 - momentum) * mean[i];
      a.output<float>(2)[i] = momentum * a.input<float>(4)[i] + (1 - momentum) * variance[i];
    }
    kernels::channel_normalize(s, a.input<float>(0), {mean, factor, a.input<float>(2)},
                               addend ? a.input<float>(5) : nullptr, relu, a.output<float>(0), threads);
  };
  return Kernel{.run = run, .scratch_bytes = scratch.bytes()};
}

std::vector<Sample> samples() {
  Sample::Input channels{.type = {DType::f32, {3}}, .constant = true};
  Sample::Input variance{.type = {DType::f32, {3}}, .low = 0.5, .high = 2, .constant = true};
  Sample::Input x{.type = {DType::f32, {2, 4, 5, 3}}};
  return {{.inputs = {x, channels, channels, channels, variance}, .outputs = 5},
          {.inputs = {x, channels, channels, channels, variance, x},
           .attributes = {{"activation", "Relu"}, {"momentum", 0.5f}},
           .outputs = 5}};
}

}  // namespace

OPERATOR(batch_normalization_channels_last) = {
    .name = "BatchNormalizationChannelsLast",
    .domain = "slipway",
    .doc =
        "(Y, running mean, running variance, mean, 1 / sqrt(variance + epsilon)) from (X, scale, B, mean, var, A): "
        "BatchNormalization in training mode of X [N, ..., C], plus A where given, then `activation` (Relu or none).",
    .inputs = {5, 6},
    .outputs = {5, 5},
    .attributes = {{{"epsilon", 1e-5f}, {"momentum", 0.9f}, ops::kActivation}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
