// UTF-8: what is a code point and what is none.
#include "base/utf8.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Utf8, LengthsByTheTableOfRfc3629) {
  const std::pair<std::string_view, size_t> table[] = {
      {"a", 1},
      {"\xC3\xB6", 2},
      {"\xE2\x82\xAC", 3},
      {"\xF0\x9F\x98\x80", 4},
      {"\xF4\x8F\xBF\xBF", 4},
      {"\x80", 0},
      {"\xC0\xAF", 0},          // overlong
      {"\xC3", 0},              // cut off
      {"\xE0\x9F\xBF", 0},      // overlong
      {"\xED\xA0\x80", 0},      // surrogate
      {"\xF4\x90\x80\x80", 0},  // above U+10FFFF
      {"\xFF", 0},
  };
  for (const auto& [text, length] : table) EXPECT_EQ(utf8_length(text), length) << testing::PrintToString(text);
}

TEST(Utf8, FindsAndMendsWhatIsNone) {
  EXPECT_EQ(invalid_utf8("K\xC3\xB6ln"), std::nullopt);
  EXPECT_EQ(invalid_utf8("K\xC3ln"), 1u);
  EXPECT_EQ(repaired_utf8("K\xC3ln \xE2\x82\xAC"), "K\xEF\xBF\xBDln \xE2\x82\xAC");
}

TEST(Utf8, PrintableTextStaysInItsLine) {
  EXPECT_EQ(printable("K\xC3\xB6ln \xE2\x82\xAC"), "K\xC3\xB6ln \xE2\x82\xAC");
  EXPECT_EQ(printable("a\nb\r\tc"), "a\\nb\\r\\tc");
  EXPECT_EQ(printable("a\nb\x1B[2J", true), "a\nb\\x1b[2J");
  EXPECT_EQ(printable(std::string_view("\0\x7F", 2)), "\\x00\\x7f");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31m"),
            "a\\xc2\\x9b31m")
      << "a control sequence of eight bits";
  EXPECT_EQ(printable("a\xE2\x80\xA8"
                      "b"),
            "a\\xe2\\x80\\xa8"
            "b")
      << "a line separator";
  EXPECT_EQ(printable("a\xFF"), "a\\xff");
}

}  // namespace
}  // namespace slipway
