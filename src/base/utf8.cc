// Code points by RFC 3629's table of well-formed byte sequences.
#include "base/utf8.h"

namespace slipway {

size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto tail = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) { return byte(i) >= low && byte(i) <= high; };
  unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    unsigned high = first == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    unsigned low = first == 0xF0 ? 0x90 : 0x80;
    unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::optional<size_t> invalid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

std::string repaired_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8_length(text.substr(i));
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(i, length);
    i += length == 0 ? 1 : length;
  }
  return out;
}

namespace {

// C1 controls (U+0080 to U+009F) and the line and paragraph separators.
bool steers(std::string_view code_point) {
  if (code_point.size() == 2) return code_point[0] == '\xC2' && static_cast<unsigned char>(code_point[1]) < 0xA0;
  return code_point == "\xE2\x80\xA8" || code_point == "\xE2\x80\xA9";
}

void append_escape(std::string& out, unsigned char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kFrom = "\n\r\t";
  out += '\\';
  if (size_t i = kFrom.find(static_cast<char>(byte)); i != std::string_view::npos) {
    out += "nrt"[i];
    return;
  }
  out += 'x';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

std::string printable(std::string_view text, bool lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    size_t length = utf8_length(text);
    std::string_view code_point = text.substr(0, length == 0 ? 1 : length);
    auto first = static_cast<unsigned char>(code_point[0]);
    bool control = (first < 0x20 && !(lines && first == '\n')) || first == 0x7F;
    if (length == 0 || control || steers(code_point)) {
      for (char byte : code_point) append_escape(out, static_cast<unsigned char>(byte));
    } else {
      out += code_point;
    }
    text.remove_prefix(code_point.size());
  }
  return out;
}

}  // namespace slipway
