// slipway.data DecodeAudio.
#include <algorithm>

#include "decode/wav.h"
#include "ops/batch_rules.h"
#include "ops/raw_data.h"

namespace slipway {
namespace {

constexpr int64_t kMostRate = 1'000'000, kMostSamples = 600 * kMostRate;

Status verify(const Node& node) {
  RETURN_IF_ERROR(ops::expect_up_to(node, "rate", kMostRate));
  return ops::expect_up_to(node, "samples", kMostSamples);
}

Status infer(InferContext& c) {
  return ops::infer_rows(c, "the bytes of files", DType::f32, {c.node().integer("samples")});
}

Result<std::vector<Tensor>> eager(const Node& node, std::span<const Tensor> inputs) {
  const int64_t rate = node.integer("rate"), length = node.integer("samples");
  auto fill = [&](const std::string& file, const std::string& where, std::span<float> to) -> Status {
    std::ranges::copy(TRY(wav_samples(file, where, rate, length)), to.begin());
    return {};
  };
  return ops::each_row<float>(inputs[0], {length}, fill);
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
