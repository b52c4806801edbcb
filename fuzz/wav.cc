// Fuzz target: the WAV reader. Whatever it accepts has a rate, finite samples, and no more of them than bytes.
#include <cmath>
#include <cstdint>

#include "decode/wav.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::Result<slipway::Wave> wave = slipway::parse_wav({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!wave.ok()) return 0;
  CHECK(wave->rate > 0 && wave->samples.size() <= size, "samples out of nowhere");
  for (float sample : wave->samples) CHECK(std::isfinite(sample), "a sample that is no number");
  CHECK(slipway::resampled(wave->samples, wave->rate, 8000, 1000).size() <= 1000, "more samples than asked for");
  return 0;
}
