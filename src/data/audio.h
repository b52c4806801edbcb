// Sounds in a folder per class.
#pragma once

#include <filesystem>

#include "data/class_folder.h"
#include "data/dataset.h"
#include "decode/spectrum.h"

namespace slipway {

struct AudioOptions {
  SpectrumOptions spectrum;
  double seconds = 1;  // every sound is cut or filled up with silence to this length
  BrokenFiles broken = BrokenFiles::refuse;
};

// inputs: float32 [N, 1, mels or coefficients, frames] of .wav files at the spectrum's rate, brought to mean 0 and
// deviation 1 over the training part; labels: the class folder, sorted by name; preparation: data/raw_fronts.h.
Result<DataPair> load_audio(const std::filesystem::path& path, const std::filesystem::path& test_path,
                            double test_fraction, uint64_t seed, const AudioOptions& options);

}  // namespace slipway
