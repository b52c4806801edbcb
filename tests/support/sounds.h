// Sounds for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slipway {

// A WAV file of one channel, 16 bits a sample, `rate` samples a second.
std::string wav_bytes(const std::vector<int16_t>& samples, uint32_t rate);

}  // namespace slipway
