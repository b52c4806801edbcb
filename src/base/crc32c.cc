// CRC-32C by table, one byte at a time.
#include "base/crc32c.h"

#include <array>

namespace slipway {

namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // 0x1EDC6F41, bits reversed

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kPolynomial : 0);
    table[byte] = rest;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = make_table();

}  // namespace

void Crc32c::update(std::string_view bytes) {
  for (char c : bytes) rest_ = kTable[(rest_ ^ static_cast<uint8_t>(c)) & 0xFF] ^ (rest_ >> 8);
}

uint32_t crc32c(std::string_view bytes) {
  Crc32c crc;
  crc.update(bytes);
  return crc.value();
}

}  // namespace slipway
