// RIFF by hand.
#include "support/sounds.h"

namespace slipway {

std::string wav_bytes(const std::vector<int16_t>& samples, uint32_t rate) {
  auto number = [](uint32_t value, size_t bytes) {
    std::string text;
    for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
    return text;
  };
  const auto size = static_cast<uint32_t>(2 * samples.size());
  std::string bytes = "RIFF" + number(36 + size, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) + number(1, 2) +
                      number(rate, 4) + number(2 * rate, 4) + number(2, 2) + number(16, 2) + "data" + number(size, 4);
  for (int16_t sample : samples) bytes += number(static_cast<uint16_t>(sample), 2);
  return bytes;
}

}  // namespace slipway
