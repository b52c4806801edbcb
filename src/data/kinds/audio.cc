// Folders of sounds.
#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "audio"));
  return load_audio(source.path, source.test_path, source.test_fraction, source.seed, source.audio);
}

}  // namespace

DATA_KIND(audio) = {
    .name = "audio",
    .doc = "A folder with a folder of WAV files per class.",
    .example = "[1, bands, frames]",
    .label = "class",
    .keys = {"features", "coefficients", "sample_rate", "seconds", "fft", "window", "hop", "mels", "low", "high",
             "mel_scale", "broken", "augment", "test_fraction", "test_path"},
    .class_files = {".wav"},
    .load = load,
};

}  // namespace slipway
