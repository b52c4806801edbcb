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

}  // namespace
}  // namespace slipway
