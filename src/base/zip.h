// Zip archives (PKWARE APPNOTE 6.3.9): reading members that are stored or deflated, whole, from memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway {

struct ZipMember {
  std::string name;
  uint16_t method = 0;  // 0 stored, 8 deflated
  uint32_t crc = 0;     // CRC-32 of the contents
  uint64_t packed = 0;  // bytes in the archive
  uint64_t size = 0;    // bytes of the contents
  uint64_t offset = 0;  // of its local header
};

// Members as the central directory lists them; zip64 sizes included. Errors name `where` and the offset.
Result<std::vector<ZipMember>> list_zip(std::string_view bytes, std::string_view where);

// The contents of a member. Errors: damaged or encrypted data, another method, a checksum that differs,
// resource_exhausted above `limit` bytes. Memory is bounded by what is there: deflate packs at most 1032 to 1.
Result<std::string> unzip(std::string_view bytes, const ZipMember& member, std::string_view where,
                          uint64_t limit = uint64_t{1} << 36);

}  // namespace slipway
