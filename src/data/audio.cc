// Sounds to spectra of one length.
#include "data/audio.h"

#include <cmath>

#include <fmt/format.h>

#include "data/raw_fronts.h"
#include "decode/wav.h"

namespace slipway {

namespace {

constexpr double kLongest = 600;  // seconds

Result<LoadedFolder> load_folder(const std::filesystem::path& path, const std::vector<std::string>& classes,
                                 const AudioOptions& options, const Spectrum& spectrum) {
  ClassFolder folder = TRY(list_class_folder(path, {".wav"}, classes));
  int64_t rate = options.spectrum.rate;
  int64_t length = std::llround(options.seconds * static_cast<double>(rate));
  LoadedFolder loaded{.data = {}, .skipped = folder.skipped};
  Dataset& data = loaded.data;
  data.name = path.string();
  Shape shape = {static_cast<int64_t>(folder.files.size()), 1, spectrum.rows(), spectrum.frames(length)};
  if (Result<int64_t> count = checked_count(shape); !count.ok()) return count.status().at(data.name);
  data.inputs = Tensor(DType::f32, shape);
  auto width = static_cast<size_t>(data.width());
  std::span<float> values = data.inputs.mutable_data<float>();
  auto read = [&](std::string_view bytes, const std::string& where, int64_t i) -> Status {
    std::vector<float> samples = TRY(wav_samples(bytes, where, rate, length));
    spectrum.compute(samples, values.subspan(static_cast<size_t>(i) * width, width));
    return {};
  };
  RETURN_IF_ERROR(read_class_folder(folder, options.broken, read, data, loaded.skipped));
  RETURN_IF_ERROR(check(data));
  return loaded;
}

Standard standard_of(std::span<const float> values) {
  double sum = 0, squares = 0;
  auto n = static_cast<double>(values.size());
  for (float v : values) sum += static_cast<double>(v);
  double mean = sum / n;
  for (float v : values) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  double deviation = squares > 0 ? std::sqrt(squares / n) : 1;
  return {.mean = static_cast<float>(mean), .scale = static_cast<float>(1 / deviation)};
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
  const Standard standard = standard_of(pair.train.inputs.data<float>());
  auto preparation = std::make_shared<Preparation>(TRY(audio_preparation(options, standard)));
  for (Dataset* part : {&pair.train, &pair.test}) {
    for (float& v : part->inputs.mutable_data<float>()) v = (v - standard.mean) * standard.scale;
    part->preparation = preparation;
    if (options.spectrum.coefficients == 0) part->augmentation.decibel = static_cast<double>(standard.scale);
  }
  return pair;
}

}  // namespace slipway
