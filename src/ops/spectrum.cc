// slipway.data Spectrum.
#include <fmt/format.h>

#include "decode/spectrum.h"
#include "ops/batch_rules.h"
#include "ops/raw_data.h"
#include "ops/samples.h"

namespace slipway {
namespace {

SpectrumOptions options_of(const Node& n) {
  SpectrumOptions options;
  options.rate = n.integer("rate");
  options.fft = n.integer("fft");
  options.window = n.integer("window");
  options.hop = n.integer("hop");
  options.mels = n.integer("mels");
  options.low = static_cast<double>(n.real("low"));
  options.high = static_cast<double>(n.real("high"));
  options.scale = n.text("mel_scale") == "htk" ? MelScale::htk : MelScale::slaney;
  options.coefficients = n.integer("coefficients");
  return options;
}

Status verify(const Node& node) { return check(options_of(node)); }

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::f32}));
  RETURN_IF_ERROR(check(options_of(c.node())));
  if (c.dims(0).size() != 2) return invalid("expected samples, [batch, samples]");
  Spectrum spectrum(options_of(c.node()));
  Dim frames = c.dims(0)[1].known() ? Dim(spectrum.frames(c.dims(0)[1].size)) : Dim();
  c.set(0, DType::f32, {c.dims(0)[0], 1, spectrum.rows(), frames});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  auto spectrum = std::make_shared<const Spectrum>(options_of(c.node()));
  const auto rows = static_cast<size_t>(c.in(0).shape[0]), samples = static_cast<size_t>(c.in(0).shape[1]);
  const size_t width = rows == 0 ? 0 : static_cast<size_t>(c.out(0).count()) / rows;
  return Kernel{[=](const KernelArgs& a) {
    for (size_t row = 0; row < rows; ++row) {
      spectrum->compute({a.input<float>(0) + row * samples, samples}, {a.output<float>(0) + row * width, width});
    }
  }};
}

std::vector<Sample> samples() {
  Attributes small = {{"rate", int64_t{8000}},
                      {"fft", int64_t{64}},
                      {"window", int64_t{50}},
                      {"hop", int64_t{20}},
                      {"mels", int64_t{4}}};
  Attributes cepstrum = small;
  cepstrum.set("coefficients", int64_t{3});
  cepstrum.set("mel_scale", std::string("htk"));
  return {{.inputs = {ops::random_input({2, 90})}, .attributes = small},
          {.inputs = {ops::random_input({3, 64})}, .attributes = cepstrum}};
}

}  // namespace

OPERATOR(spectrum) = {
    .name = "Spectrum",
    .domain = ops::kData,
    .doc =
        "Log-mel spectrograms [batch, 1, mels, frames] of samples in decibels, or `coefficients` of their cosine "
        "transform (MFCC), as librosa defines them.",
    .attributes = {{{"rate", 16000},
                    {"fft", 512},
                    {"window", 400},
                    {"hop", 160},
                    {"mels", 40},
                    {"low", 0.0f},
                    {"high", 0.0f},
                    {"mel_scale", "slaney"},
                    {"coefficients", 0}}},
    .infer = infer,
    .cpu = prepare,
    .verify = verify,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoRawData,
    .samples = samples,
};

}  // namespace slipway
