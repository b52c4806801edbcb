// Bytes by number.
#include "support/archives.h"

#include <zlib.h>

#include <cstdint>
#include <string_view>

namespace slipway {

namespace {

constexpr std::string_view kArchive =
    "504b03042d0000000800000021004efb2075ffffffffffffffff05001400782e6e7079010010009000000000000000530000"
    "00000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f54529498179f5f94920a12774bcc"
    "294e058a17672416a402f91a463a0a469a3a0ab50a64032e0686067b060606072002e2060700504b03042d00000008000000"
    "21007e6afbc9ffffffffffffffff05001400792e6e707901001000900000000000000049000000000000009bec17ea1b10c9"
    "c850c650ad9e925a9c5ca46ea5a06e9369a1aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91a"
    "463a9a3a0ab50a14002e06286084d200504b01022d032d0000000800000021004efb20755300000090000000050000000000"
    "000000000000800100000000782e6e7079504b01022d032d0000000800000021007e6afbc949000000900000000500000000"
    "0000000000000080018a000000792e6e7079504b05060000000002000200660000000a0100000000";

// Little endian.
std::string number(uint64_t value, size_t width) {
  std::string bytes;
  for (size_t i = 0; i < width; ++i) bytes += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
  return bytes;
}

}  // namespace

std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string members, directory;
  for (const auto& [name, contents] : files) {
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(contents.data()), static_cast<uInt>(contents.size()));
    // Version, then flags, method, time and date.
    const std::string head = number(20, 2) + number(0, 8) + number(crc, 4) + number(contents.size(), 4) +
                             number(contents.size(), 4) + number(name.size(), 2) + number(0, 2);
    directory += "PK\1\2" + number(20, 2) + head + number(0, 10) + number(members.size(), 4) + name;
    members += "PK\3\4" + head + name + contents;
  }
  return members + directory + "PK\5\6" + number(0, 4) + number(files.size(), 2) + number(files.size(), 2) +
         number(directory.size(), 4) + number(members.size(), 4) + number(0, 2);
}

std::string numpy_archive() {
  std::string bytes;
  for (size_t i = 0; i + 1 < kArchive.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(kArchive.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

}  // namespace slipway
