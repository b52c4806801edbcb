// Tables: golden text.
#include "cli/table.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Table, GoldenText) {
  EXPECT_EQ(format_table({{"NAME"}, {"BYTES", true}, {"NOTE"}}, {{"a", "1200", ""}, {"größer", "7", "x y"}}),
            "NAME    BYTES  NOTE\n"
            "a        1200\n"
            "größer      7  x y\n");
  EXPECT_EQ(format_table({{"NAME"}}, {}), "NAME\n");
}

}  // namespace
}  // namespace slipway
