// Decoding Latin-1, Windows-1252 and UTF-16.
#include "data/charset.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "base/utf8.h"

namespace slipway {

namespace {

constexpr std::string_view kMark8 = "\xEF\xBB\xBF";
constexpr std::string_view kLittleMark = "\xFF\xFE";
constexpr std::string_view kBigMark = "\xFE\xFF";

// Code points of the bytes 0x80 to 0x9f in Windows-1252 (Unicode's CP1252.TXT); 0: there is none.
constexpr uint32_t kWindows1252[] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                     0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                     0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                     0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

void append(uint32_t code, std::string& to) {
  auto put = [&](uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

int64_t line_of(std::string_view bytes, size_t offset) {
  return 1 + std::count(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(offset), '\n');
}

Result<std::string> from_utf8(std::string_view bytes, std::string_view where) {
  if (bytes.starts_with(kMark8)) bytes.remove_prefix(kMark8.size());
  if (bytes.substr(0, 1000).find('\0') != std::string_view::npos) {
    return invalid(fmt::format(
        "{}: expected text in UTF-8, found zero bytes as in UTF-16; encoding = \"utf-16\" reads it", where));
  }
  std::optional<size_t> bad = invalid_utf8(bytes);
  if (!bad) return std::string(bytes);
  const bool windows = std::ranges::any_of(bytes, [](char c) { return static_cast<uint8_t>(c) >> 5 == 4; });
  return invalid(
      fmt::format("{}: line {}: expected text in UTF-8, found byte {:02x}, which looks like {}; encoding = \"{}\" "
                  "reads it, or save "
                  "the file as UTF-8",
                  where, line_of(bytes, *bad), static_cast<uint8_t>(bytes[*bad]), windows ? "Windows-1252" : "Latin-1",
                  windows ? "windows-1252" : "latin-1"));
}

std::string from_latin1(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (char c : bytes) append(static_cast<uint8_t>(c), text);
  return text;
}

Result<std::string> from_windows1252(std::string_view bytes, std::string_view where) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto byte = static_cast<uint8_t>(bytes[i]);
    const uint32_t code = byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte;
    if (byte != 0 && code == 0) {
      return invalid(
          fmt::format("{}: line {}: byte {:02x} is none of Windows-1252; encoding = \"latin-1\" reads any byte", where,
                      line_of(bytes, i), byte));
    }
    append(code, text);
  }
  return text;
}

Result<std::string> from_utf16(std::string_view bytes, std::string_view where) {
  const bool big = bytes.starts_with(kBigMark);
  if (big || bytes.starts_with(kLittleMark)) bytes.remove_prefix(2);
  auto unit = [&](size_t i) {
    auto first = static_cast<uint8_t>(bytes[i]), second = static_cast<uint8_t>(bytes[i + 1]);
    return static_cast<uint32_t>(big ? first << 8 | second : second << 8 | first);
  };
  auto cut = [&](size_t at) {
    return invalid(
        fmt::format("{}: offset {}: expected UTF-16, found half a character; the file is damaged or in another "
                    "encoding",
                    where, at));
  };
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    if (i + 1 >= bytes.size()) return cut(i);
    uint32_t code = unit(i);
    if (code >= 0xDC00 && code < 0xE000) return cut(i);
    if (code >= 0xD800 && code < 0xDC00) {
      if (i + 3 >= bytes.size()) return cut(i);
      const uint32_t low = unit(i + 2);
      if (low < 0xDC00 || low >= 0xE000) return cut(i);
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      i += 2;
    }
    append(code, text);
  }
  return text;
}

}  // namespace

std::vector<std::string> charset_names() { return {"auto", "utf-8", "latin-1", "windows-1252", "utf-16"}; }

Result<std::string> to_utf8(std::string_view bytes, std::string_view encoding, std::string_view where) {
  std::string name(encoding);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool marked = bytes.starts_with(kLittleMark) || bytes.starts_with(kBigMark);
  if (name == "utf-16" || (name == "auto" && marked)) return from_utf16(bytes, where);
  if (name == "utf-8" || name == "auto") return from_utf8(bytes, where);
  if (name == "latin-1") return from_latin1(bytes);
  if (name == "windows-1252") return from_windows1252(bytes, where);
  return invalid(fmt::format("{}: encoding \"{}\" is not known{}", where, encoding,
                             did_you_mean(std::string(encoding), charset_names(), "expected one of")));
}

}  // namespace slipway
