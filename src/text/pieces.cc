// Cutting a text into pieces.
#include "text/pieces.h"

namespace slipway {

namespace {

enum class Class { word, blank, punctuation };

Class class_of(char c) {
  auto byte = static_cast<unsigned char>(c);
  bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
  if (letter || byte == '_' || byte >= 0x80) return Class::word;
  return byte == ' ' || (byte >= '\t' && byte <= '\r') ? Class::blank : Class::punctuation;
}

size_t run_end(std::string_view text, size_t begin) {
  Class kind = class_of(text[begin]);
  size_t end = begin;
  while (end < text.size() && class_of(text[end]) == kind) ++end;
  return end;
}

bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::vector<std::string_view> pieces(std::string_view text) {
  std::vector<std::string_view> all;
  for (size_t begin = 0; begin < text.size();) {
    bool leads = text[begin] == ' ' && begin + 1 < text.size() && class_of(text[begin + 1]) != Class::blank;
    size_t end = run_end(text, leads ? begin + 1 : begin);
    // The last of several blanks belongs to what follows.
    bool gives = class_of(text[begin]) == Class::blank && !leads && end < text.size() && text[end - 1] == ' ';
    if (gives && end - begin > 1) --end;
    if (end - begin > kLongestPiece) {
      end = begin + kLongestPiece;
      for (int i = 0; i < 3 && continues_code_point(text[end]); ++i) --end;
    }
    all.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return all;
}

}  // namespace slipway
