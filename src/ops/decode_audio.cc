// slipway.data DecodeAudio.
#include <algorithm>

#include <fmt/format.h>

#include "decode/wav.h"
#include "ops/batch_rules.h"
#include "ops/raw_data.h"

namespace slipway {
namespace {

constexpr int64_t kMostRate = 1'000'000, kMostSamples = 600 * kMostRate;

Status verify(const Node& node) {
  const int64_t rate = node.integer("rate"), samples = node.integer("samples");
  if (rate < 1 || rate > kMostRate) return invalid(fmt::format("rate is {}; expected 1 to {}", rate, kMostRate));
  if (samples >= 1 && samples <= kMostSamples) return {};
  return invalid(fmt::format("samples is {}; expected 1 to {}", samples, kMostSamples));
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::string}));
  if (c.dims(0).size() != 1) return invalid("expected the bytes of files, [batch]");
  c.set(0, DType::f32, {c.dims(0)[0], c.node().integer("samples")});
  return {};
}

Result<std::vector<Tensor>> eager(const Node& node, std::span<const Tensor> inputs) {
  const int64_t rate = node.integer("rate"), length = node.integer("samples");
  Shape shape = {inputs[0].count(), length};
  RETURN_IF_ERROR(checked_count(shape).status());
  Tensor y(DType::f32, shape);
  for (size_t row = 0; row < static_cast<size_t>(shape[0]); ++row) {
    std::vector<float> samples =
        TRY(wav_samples(inputs[0].data<std::string>()[row], fmt::format("row {}", row + 1), rate, length));
    std::ranges::copy(samples, y.mutable_data<float>().begin() + static_cast<int64_t>(row) * length);
  }
  return std::vector<Tensor>{y};
}

}  // namespace

OPERATOR(decode_audio) = {
    .name = "DecodeAudio",
    .domain = ops::kData,
    .doc =
        "Samples [batch, samples] of WAV files: the mean of all channels, resampled to `rate`, cut or filled up with "
        "silence.",
    .attributes = {{{"rate", kRequiredInt}, {"samples", kRequiredInt}}},
    .infer = infer,
    .eager = eager,
    .verify = verify,
    .rows = Rows::first,
    .batch = ops::batch::raw_rows,
    .tflite = ops::kNoRawData,
};

}  // namespace slipway
