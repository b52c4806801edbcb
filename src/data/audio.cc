// Sounds to spectra of one length.
#include "data/audio.h"

#include <cmath>

#include <fmt/format.h>

#include "decode/wav.h"

namespace slipway {

namespace {

constexpr double kLongest = 600;  // seconds

Json preparation_of(const AudioOptions& options) {
  const SpectrumOptions& s = options.spectrum;
  return Json::object({{"kind", "audio"},
                       {"features", s.coefficients > 0 ? "mfcc" : "log_mel"},
                       {"sample_rate", s.rate},
                       {"seconds", options.seconds},
                       {"fft", s.fft},
                       {"window", s.window},
                       {"hop", s.hop},
                       {"mels", s.mels},
                       {"low", s.low},
                       {"high", s.high},
                       {"mel_scale", s.scale == MelScale::htk ? "htk" : "slaney"},
                       {"coefficients", s.coefficients}});
}

Result<LoadedFolder> load_folder(const std::filesystem::path& path, const std::vector<std::string>& classes,
                                 const AudioOptions& options, const Spectrum& spectrum) {
  ClassFolder folder = TRY(list_class_folder(path, {".wav"}, classes));
  int64_t rate = options.spectrum.rate;
  int64_t length = std::llround(options.seconds * static_cast<double>(rate));
  LoadedFolder loaded;
  Dataset& data = loaded.data;
  data.name = path.string();
  Shape shape = {static_cast<int64_t>(folder.files.size()), 1, spectrum.rows(), spectrum.frames(length)};
  if (Result<int64_t> count = checked_count(shape); !count.ok()) return count.status().at(data.name);
  data.inputs = Tensor(DType::f32, shape);
  data.preparation = preparation_of(options);
  auto width = static_cast<size_t>(data.width());
  std::span<float> values = data.inputs.mutable_data<float>();
  auto read = [&](std::string_view bytes, const std::string& where, int64_t i) -> Status {
    Wave wave = TRY(parse_wav(bytes, where));
    if (wave.samples.empty()) return invalid(where + ": expected samples, found none");
    std::vector<float> samples = resampled(wave.samples, wave.rate, rate, static_cast<size_t>(length));
    samples.resize(static_cast<size_t>(length));
    spectrum.compute(samples, values.subspan(static_cast<size_t>(i) * width, width));
    return {};
  };
  RETURN_IF_ERROR(read_class_folder(folder, options.broken, read, data, loaded.skipped));
  RETURN_IF_ERROR(check(data));
  return loaded;
}

// To mean 0 and deviation 1.
Scaling standardizing(std::span<const float> values) {
  double sum = 0, squares = 0;
  auto n = static_cast<double>(values.size());
  for (float v : values) sum += static_cast<double>(v);
  double mean = sum / n;
  for (float v : values) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  double deviation = squares > 0 ? std::sqrt(squares / n) : 1;
  return {.scale = {static_cast<float>(1 / deviation)}, .offset = {static_cast<float>(-mean / deviation)}};
}

}  // namespace

Result<DataPair> load_audio(const std::filesystem::path& path, const std::filesystem::path& test_path,
                            double test_fraction, uint64_t seed, const AudioOptions& options) {
  if (Status status = check(options.spectrum); !status.ok()) return status.at(path.string());
  double least = 1 / static_cast<double>(options.spectrum.rate);
  if (!(options.seconds >= least && options.seconds <= kLongest)) {
    return invalid(
        fmt::format("{}: seconds: expected {} to {}, found {}", path.string(), least, kLongest, options.seconds));
  }
  Spectrum spectrum(options.spectrum);
  DataPair pair = TRY(load_folders(path, test_path, test_fraction, seed, "sounds",
                                   [&](const std::filesystem::path& folder, const std::vector<std::string>& classes) {
                                     return load_folder(folder, classes, options, spectrum);
                                   }));
  pair.train.scaling = standardizing(pair.train.inputs.data<float>());
  pair.test.scaling = pair.train.scaling;
  return pair;
}

}  // namespace slipway
