// Reading zip archives from their central directory.
#include "base/zip.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>

namespace slipway {

namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEndLocator64 = 0x07064b50;
constexpr size_t kEndSize = 22;
constexpr size_t kLongestComment = 65535;
constexpr uint64_t kHighestRatio = 1032;

uint64_t little_endian(std::string_view bytes, size_t at, size_t width) {
  uint64_t value = 0;
  for (size_t i = 0; i < width; ++i) value |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

Status damaged(std::string_view where, uint64_t offset, std::string_view what) {
  return data_loss(fmt::format("{}: zip: offset {}: {}; make or fetch the archive again", where, offset, what));
}

// Sizes and offset of 0xFFFFFFFF stand in the extra field 1, in this order, where they do not fit 32 bits.
void read_zip64(std::string_view extra, ZipMember& member) {
  constexpr uint64_t kElsewhere = 0xFFFFFFFF;
  while (extra.size() >= 4) {
    size_t size = std::min<size_t>(little_endian(extra, 2, 2), extra.size() - 4);
    std::string_view field = extra.substr(4, size);
    if (little_endian(extra, 0, 2) == 1) {
      for (uint64_t* value : {&member.size, &member.packed, &member.offset}) {
        if (*value != kElsewhere || field.size() < 8) continue;
        *value = little_endian(field, 0, 8);
        field.remove_prefix(8);
      }
    }
    extra.remove_prefix(4 + size);
  }
}

struct Directory {
  uint64_t entries = 0;
  uint64_t offset = 0;
};

Result<Directory> find_directory(std::string_view bytes, std::string_view where) {
  if (bytes.size() < kEndSize) return damaged(where, 0, "expected an archive, found too few bytes");
  size_t least = bytes.size() - std::min(bytes.size(), kEndSize + kLongestComment);
  for (size_t at = bytes.size() - kEndSize + 1; at-- > least;) {
    if (little_endian(bytes, at, 4) != kEnd) continue;
    Directory directory{little_endian(bytes, at + 10, 2), little_endian(bytes, at + 16, 4)};
    if (at >= 20 && little_endian(bytes, at - 20, 4) == kEndLocator64) {
      uint64_t end64 = little_endian(bytes, at - 12, 8);
      if (bytes.size() < 56 || end64 > bytes.size() - 56 || little_endian(bytes, end64, 4) != kEnd64) {
        return damaged(where, at - 20, "expected the zip64 end of the directory, found other bytes");
      }
      directory = {little_endian(bytes, end64 + 32, 8), little_endian(bytes, end64 + 48, 8)};
    }
    return directory;
  }
  return damaged(where, bytes.size(), "expected the end of a central directory, found none; this is no zip archive");
}

Result<std::string> inflate_member(std::string_view packed, const ZipMember& member, std::string_view where) {
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return internal("zlib cannot start");
  std::string out(member.size + 1, '\0');
  size_t read = 0, written = 0;
  int status = Z_OK;
  constexpr size_t kMost = std::numeric_limits<uInt>::max();
  while (status == Z_OK && written < out.size()) {
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
    z.avail_in = static_cast<uInt>(std::min(packed.size() - read, kMost));
    z.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    z.avail_out = static_cast<uInt>(std::min(out.size() - written, kMost));
    status = inflate(&z, Z_NO_FLUSH);
    read = static_cast<size_t>(reinterpret_cast<const char*>(z.next_in) - packed.data());
    written = static_cast<size_t>(reinterpret_cast<const char*>(z.next_out) - out.data());
    if (status == Z_OK && read == packed.size() && z.avail_out > 0) break;
  }
  inflateEnd(&z);
  if (status != Z_STREAM_END || written != member.size) {
    return damaged(where, member.offset,
                   fmt::format("\"{}\" does not unpack to its {} bytes", member.name, member.size));
  }
  out.resize(written);
  return out;
}

}  // namespace

Result<std::vector<ZipMember>> list_zip(std::string_view bytes, std::string_view where) {
  constexpr size_t kFixed = 46;
  Directory directory = TRY(find_directory(bytes, where));
  std::vector<ZipMember> members;
  uint64_t at = directory.offset;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    if (bytes.size() < kFixed || at > bytes.size() - kFixed || little_endian(bytes, at, 4) != kCentralHeader) {
      return damaged(where, at, fmt::format("expected entry {} of the central directory, found other bytes", i));
    }
    size_t name = little_endian(bytes, at + 28, 2);
    size_t extra = little_endian(bytes, at + 30, 2);
    size_t comment = little_endian(bytes, at + 32, 2);
    if (name + extra + comment > bytes.size() - kFixed - at) return damaged(where, at, "an entry is cut short");
    if (little_endian(bytes, at + 8, 2) & 1) {
      return unsupported(fmt::format("{}: zip: an encrypted member; unpack the archive first", where));
    }
    ZipMember member{.name = std::string(bytes.substr(at + kFixed, name)),
                     .method = static_cast<uint16_t>(little_endian(bytes, at + 10, 2)),
                     .crc = static_cast<uint32_t>(little_endian(bytes, at + 16, 4)),
                     .packed = little_endian(bytes, at + 20, 4),
                     .size = little_endian(bytes, at + 24, 4),
                     .offset = little_endian(bytes, at + 42, 4)};
    read_zip64(bytes.substr(at + kFixed + name, extra), member);
    members.push_back(std::move(member));
    at += kFixed + name + extra + comment;
  }
  return members;
}

Result<std::string> unzip(std::string_view bytes, const ZipMember& member, std::string_view where, uint64_t limit) {
  constexpr size_t kFixed = 30;
  if (bytes.size() < kFixed || member.offset > bytes.size() - kFixed ||
      little_endian(bytes, member.offset, 4) != kLocalHeader) {
    return damaged(where, member.offset, fmt::format("expected the header of \"{}\", found other bytes", member.name));
  }
  uint64_t begin = member.offset + kFixed + little_endian(bytes, member.offset + 26, 2) +
                   little_endian(bytes, member.offset + 28, 2);
  if (begin > bytes.size() || member.packed > bytes.size() - begin) {
    return damaged(where, begin, fmt::format("\"{}\" is cut short", member.name));
  }
  if (member.size > limit) {
    return exhausted(fmt::format("{}: zip: \"{}\" has {} bytes, more than {}", where, member.name, member.size, limit));
  }
  std::string_view packed = bytes.substr(begin, member.packed);
  std::string contents;
  if (member.method == 0 && member.packed == member.size) {
    contents = packed;
  } else if (member.method == 8 && member.size / kHighestRatio <= member.packed) {
    contents = TRY(inflate_member(packed, member, where));
  } else if (member.method != 0 && member.method != 8) {
    return unsupported(
        fmt::format("{}: zip: \"{}\": expected a stored or deflated member, found method {}; save it again", where,
                    member.name, member.method));
  } else {
    return damaged(where, begin, fmt::format("\"{}\" cannot have {} bytes", member.name, member.size));
  }
  auto crc = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size()));
  if (crc != member.crc) {
    return damaged(where, begin,
                   fmt::format("\"{}\": expected checksum {:08x}, found {:08x}", member.name, member.crc, crc));
  }
  return contents;
}

}  // namespace slipway
