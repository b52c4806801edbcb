// CRC-32C (Castagnoli), the checksum of TFRecord files (RFC 3720, appendix B.4).
#pragma once

#include <cstdint>
#include <string_view>

namespace slipway {

// Of bytes that come in parts.
class Crc32c {
 public:
  void update(std::string_view bytes);
  uint32_t value() const { return ~rest_; }

 private:
  uint32_t rest_ = ~uint32_t{0};
};

uint32_t crc32c(std::string_view bytes);

}  // namespace slipway
