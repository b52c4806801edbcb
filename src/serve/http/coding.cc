// Codings through zlib.
#include "serve/http/coding.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include "base/check.h"

namespace slipway::http {

namespace {

constexpr int kLargestWindow = 15;
constexpr int kGzipWindow = kLargestWindow + 16;
constexpr size_t kStep = size_t{256} << 10;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is(std::string_view text, std::string_view name) {
  return std::ranges::equal(text, name, [](char a, char b) { return lower(a) == b; });
}

// Takes the part before the next `separator` off the front of `text`.
std::string_view next_part(std::string_view& text, char separator) {
  size_t end = std::min(text.find(separator), text.size());
  std::string_view part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// Of "gzip;q=0.5", with "gzip" taken off: 0.5; 1 when nothing is said.
double quality(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view part = next_part(parameters, ';');
    if (part.size() < 3 || lower(part[0]) != 'q' || part[1] != '=') continue;
    double q = 0;
    std::from_chars(part.data() + 2, part.data() + part.size(), q);
    return q;
  }
  return 1;
}

uInt piece(size_t size) { return static_cast<uInt>(std::min<size_t>(size, std::numeric_limits<uInt>::max())); }
Bytef* bytes_of(const char* data) { return reinterpret_cast<Bytef*>(const_cast<char*>(data)); }

// Whether it begins as RFC 1950 says: method 8, and a checksum of the first two bytes.
bool has_zlib_header(std::string_view bytes) {
  if (bytes.size() < 2) return false;
  unsigned first = static_cast<unsigned char>(bytes[0]);
  return (first & 15) == 8 && (first * 256 + static_cast<unsigned char>(bytes[1])) % 31 == 0;
}

int window_of(Coding coding, std::string_view bytes) {
  if (coding == Coding::gzip) return kGzipWindow;
  return has_zlib_header(bytes) ? kLargestWindow : -kLargestWindow;
}

struct Inflater {
  z_stream stream{};
  explicit Inflater(int window) { CHECK(inflateInit2(&stream, window) == Z_OK, "zlib cannot start"); }
  ~Inflater() { inflateEnd(&stream); }
};

}  // namespace

std::string_view coding_name(Coding coding) {
  return coding == Coding::gzip ? "gzip" : coding == Coding::deflate ? "deflate" : "identity";
}

std::optional<Coding> content_coding(std::string_view header) {
  std::string_view name = trimmed(header);
  if (name.empty() || is(name, "identity")) return Coding::identity;
  if (is(name, "gzip") || is(name, "x-gzip")) return Coding::gzip;
  if (is(name, "deflate")) return Coding::deflate;
  return std::nullopt;
}

Coding accepted_coding(std::string_view header) {
  double gzip = -1;
  double deflate = -1;
  double any = -1;
  while (!header.empty()) {
    std::string_view item = next_part(header, ',');
    std::string_view name = next_part(item, ';');
    double q = quality(item);
    if (is(name, "gzip") || is(name, "x-gzip")) gzip = q;
    if (is(name, "deflate")) deflate = q;
    if (name == "*") any = q;
  }
  if (gzip < 0) gzip = any;
  if (deflate < 0) deflate = any;
  if (gzip <= 0 && deflate <= 0) return Coding::identity;
  return gzip >= deflate ? Coding::gzip : Coding::deflate;
}

Status decode(Coding coding, std::string_view bytes, uint64_t limit, Body& out) {
  Inflater inflater(window_of(coding, bytes));
  z_stream& z = inflater.stream;
  std::vector<char> step(kStep);
  std::string_view name = coding_name(coding);
  size_t read = 0;
  uint64_t written = 0;
  for (bool done = false; !done;) {
    z.next_in = bytes_of(bytes.data() + read);
    z.avail_in = piece(bytes.size() - read);
    z.next_out = bytes_of(step.data());
    z.avail_out = piece(step.size());
    int status = inflate(&z, Z_NO_FLUSH);
    read = static_cast<size_t>(reinterpret_cast<const char*>(z.next_in) - bytes.data());
    size_t got = step.size() - z.avail_out;
    written += got;
    if (written > limit) {
      return exhausted(fmt::format(
          "the request body of {} bytes ({}) unpacks to more than the limit of {} bytes; send fewer rows at a time, "
          "or start the server with a larger --body-limit",
          bytes.size(), name, limit));
    }
    if (!out.append({step.data(), got})) return unavailable("");
    if (status == Z_STREAM_END) {
      done = read == bytes.size();
      // Members of a gzip file follow each other.
      if (!done && (coding != Coding::gzip || inflateReset(&z) != Z_OK)) {
        return invalid(fmt::format("the request body ends at byte {} of {} as {}; expected nothing behind it", read,
                                   bytes.size(), name));
      }
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return invalid(fmt::format("the request body is not {} as its Content-Encoding says: {} at byte {} of {}", name,
                                 z.msg != nullptr ? z.msg : "the data is damaged", read, bytes.size()));
    } else if (read == bytes.size() && z.avail_out > 0) {
      return invalid(
          fmt::format("the request body is cut off: expected more {} data behind its {} bytes", name, bytes.size()));
    }
  }
  return {};
}

std::string encode(Coding coding, std::string_view bytes) {
  z_stream z{};
  int window = coding == Coding::gzip ? kGzipWindow : kLargestWindow;
  CHECK(deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib cannot start");
  std::string out(deflateBound(&z, bytes.size()), '\0');
  size_t read = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    z.next_in = bytes_of(bytes.data() + read);
    z.avail_in = piece(bytes.size() - read);
    z.next_out = bytes_of(out.data() + z.total_out);
    z.avail_out = piece(out.size() - z.total_out);
    bool last = read + z.avail_in == bytes.size();
    status = deflate(&z, last ? Z_FINISH : Z_NO_FLUSH);
    read = static_cast<size_t>(reinterpret_cast<const char*>(z.next_in) - bytes.data());
  }
  CHECK(status == Z_STREAM_END, "zlib misjudged the size");
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace slipway::http
