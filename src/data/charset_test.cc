// Character sets: what is read as what, and what a wrong one looks like.
#include "data/charset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string read(std::string_view bytes, std::string_view encoding) {
  Result<std::string> text = to_utf8(bytes, encoding, "t.csv");
  return text.ok() ? *text : text.status().message();
}

TEST(Charset, BecomesUtf8) {
  const std::tuple<std::string, const char*, const char*> table[] = {
      {"gr\xC3\xB6\xC3\x9F"
       "e",
       "auto", "größe"},
      {"\xEF\xBB\xBF"
       "a",
       "utf-8", "a"},
      {"gr\xF6\xDF"
       "e",
       "latin-1", "größe"},
      {"gr\xF6\xDF"
       "e",
       "Latin-1", "größe"},
      {"5 \x80 \x93", "windows-1252", "5 € “"},
      {"\xFF\xFE"
       "a\0\xF6\0"s,
       "auto", "aö"},
      {"\xFE\xFF\0a\0\xF6"s, "auto", "aö"},
      {"a\0\xF6\0"s, "utf-16", "aö"},
      {"\x3D\xD8\x00\xDE"s, "utf-16", "😀"},
  };
  for (const auto& [bytes, encoding, text] : table) EXPECT_EQ(read(bytes, encoding), text) << encoding;
}

TEST(Charset, SaysWhatTheBytesLookLike) {
  EXPECT_EQ(read("a,b\ngr\xF6\xDF"
                 "e,1\n",
                 "auto"),
            "t.csv: line 2: expected text in UTF-8, found byte f6, which looks like Latin-1; encoding = \"latin-1\" "
            "reads it, or save the file as UTF-8");
  EXPECT_THAT(read("5 \x80", "auto"), HasSubstr("looks like Windows-1252; encoding = \"windows-1252\" reads it"));
  EXPECT_THAT(read("a\0b\0"s, "auto"), HasSubstr("encoding = \"utf-16\" reads it"));
  EXPECT_THAT(read("\x81", "windows-1252"), HasSubstr("line 1: byte 81 is none of Windows-1252"));
  EXPECT_THAT(read("a\0b"s, "utf-16"), HasSubstr("offset 2: expected UTF-16, found half a character"));
  EXPECT_THAT(read("\x00\xDE"s, "utf-16"), HasSubstr("offset 0"));
  EXPECT_THAT(read("a", "latin1"), HasSubstr("did you mean latin-1?"));
}

}  // namespace
}  // namespace slipway
