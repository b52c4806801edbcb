// Gzip through zlib.
#include "base/gzip.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>

#include "base/check.h"

namespace slipway {

namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, with gzip's header and trailer
constexpr size_t kLeastBuffer = size_t{1} << 16;

struct Inflater {
  z_stream stream{};
  Inflater() { CHECK(inflateInit2(&stream, kGzipWindow) == Z_OK, "zlib cannot start"); }
  ~Inflater() { inflateEnd(&stream); }
};

Bytef* bytes_of(const char* data) { return reinterpret_cast<Bytef*>(const_cast<char*>(data)); }

// What the last member says of its size (modulo 2^32), or a small start where that is not believable.
size_t expected_size(std::string_view bytes, uint64_t limit) {
  constexpr uint64_t kUsualRatio = 32;  // a header alone must not make us take more than this times what is there
  uint64_t size = 0;
  for (size_t i = 0; i < 4 && bytes.size() >= 8; ++i) {
    size |= uint64_t{static_cast<unsigned char>(bytes[bytes.size() - 4 + i])} << (8 * i);
  }
  return std::min({std::max<uint64_t>(size + 1, kLeastBuffer), limit + 1, bytes.size() * kUsualRatio + kLeastBuffer});
}

uInt piece(size_t size) { return static_cast<uInt>(std::min<size_t>(size, std::numeric_limits<uInt>::max())); }

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

Result<std::string> gunzip(std::string_view bytes, std::string_view where, uint64_t limit) {
  Inflater inflater;
  z_stream& z = inflater.stream;
  std::string out(expected_size(bytes, limit), '\0');
  size_t read = 0;
  size_t written = 0;
  auto damaged = [&](std::string_view what) {
    return data_loss(
        fmt::format("{}: gzip: offset {} of {}: {}; fetch the file again", where, read, bytes.size(), what));
  };
  for (;;) {
    if (written == out.size()) out.resize(std::min<uint64_t>(limit + 1, out.size() * 2));
    z.next_in = bytes_of(bytes.data() + read);
    z.avail_in = piece(bytes.size() - read);
    z.next_out = bytes_of(out.data() + written);
    z.avail_out = piece(out.size() - written);
    int status = inflate(&z, Z_NO_FLUSH);
    read = static_cast<size_t>(reinterpret_cast<const char*>(z.next_in) - bytes.data());
    written = static_cast<size_t>(reinterpret_cast<const char*>(z.next_out) - out.data());
    if (written > limit) return exhausted(fmt::format("{}: gzip: more than {} bytes when unpacked", where, limit));
    if (status == Z_STREAM_END) {
      if (read == bytes.size()) break;
      if (!is_gzip(bytes.substr(read))) return damaged("expected the end or another member, found other bytes");
      CHECK(inflateReset(&z) == Z_OK, "zlib cannot start again");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return damaged(z.msg != nullptr ? z.msg : "the data is damaged");
    } else if (read == bytes.size() && z.avail_out > 0) {
      return damaged("the data ends early");
    }
  }
  out.resize(written);
  return out;
}

std::string gzip(std::string_view bytes) {
  z_stream z{};
  CHECK(bytes.size() <= std::numeric_limits<uInt>::max(), "gzip() takes up to 4 GiB");
  CHECK(deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib cannot start");
  std::string out(deflateBound(&z, bytes.size()), '\0');
  z.next_in = bytes_of(bytes.data());
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = bytes_of(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END, "zlib misjudged the size");
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace slipway
