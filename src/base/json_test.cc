// JSON through text and back.
#include "base/json.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

struct Case {
  const char* text;
  const char* written;  // nullptr: as `text`
};

class Numbers : public ::testing::TestWithParam<Case> {};

TEST_P(Numbers, KeepTheirValueThroughText) {
  const Case& c = GetParam();
  const std::string written = Json::parse(c.text).value().dump();
  EXPECT_EQ(written, c.written != nullptr ? c.written : c.text);
  EXPECT_EQ(Json::parse(written).value().dump(), written);
}

INSTANTIATE_TEST_SUITE_P(Table, Numbers,
                         ::testing::Values(Case{"0"}, Case{"-0.0"}, Case{"0.0", "0"}, Case{"1.5"}, Case{"-7"},
                                           Case{"9223372036854775807"}, Case{"1e300", "1e+300"},
                                           Case{"18446744073709551615", "1.8446744073709552e+19"}, Case{"0.1"}));

TEST(Json, RefusesWhatIsNone) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":}", "nan", "\"\\ud800\"", "[1] 2"}) {
    EXPECT_FALSE(Json::parse(text).ok()) << text;
  }
}

TEST(Json, WritesNoInvalidUtf8) {
  EXPECT_EQ(json_quote("a\xFF\n"), "\"a\xEF\xBF\xBD\\n\"");
  EXPECT_TRUE(Json::parse(Json::object({{"\xC3", "\x80"}}).dump()).ok());
}

}  // namespace
}  // namespace slipway
