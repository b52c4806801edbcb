// WAV files (RIFF WAVE, Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0"): to samples.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway {

struct Wave {
  int64_t rate = 0;            // samples a second
  std::vector<float> samples;  // one channel, -1 to 1
};

// PCM of 8 (unsigned), 16, 24 and 32 bits and 32-bit float, also as WAVE_FORMAT_EXTENSIBLE; the mean of all channels.
// Errors name `where`, the offset, what was expected and what was found. Memory: 4 bytes for each sample that is there.
Result<Wave> parse_wav(std::string_view bytes, std::string_view where);

// At most `most` samples of the same sound at another rate: a sinc of 16 zero crossings to either side under a Hann
// window, its cutoff at the lower of both half rates (J. O. Smith, "Digital Audio Resampling"). Requires: rates above
// 0.
std::vector<float> resampled(std::span<const float> samples, int64_t from, int64_t to, size_t most);

// `length` samples of a WAV file at `rate`, cut or filled up with silence. Errors as parse_wav's; also for a file
// without samples.
Result<std::vector<float>> wav_samples(std::string_view bytes, std::string_view where, int64_t rate, int64_t length);

}  // namespace slipway
