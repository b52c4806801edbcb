// Human spellings of numbers: literal tables, with the edges where the unit changes.
#include "cli/format.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Format, Bytes) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1.00 kB");
  EXPECT_EQ(human_bytes(1054), "1.05 kB");
  EXPECT_EQ(human_bytes(407080), "407 kB");
  EXPECT_EQ(human_bytes(999499), "999 kB");
  EXPECT_EQ(human_bytes(999500), "1.00 MB");
  EXPECT_EQ(human_bytes(12'340'000), "12.3 MB");
  EXPECT_EQ(human_bytes(-2'000'000'000), "-2.00 GB");
}

TEST(Format, Durations) {
  EXPECT_EQ(human_duration(0), "0 ns");
  EXPECT_EQ(human_duration(850), "850 ns");
  EXPECT_EQ(human_duration(183'400), "183 µs");
  EXPECT_EQ(human_duration(1'420'000'000), "1.42 s");
  EXPECT_EQ(human_duration(119'400'000'000), "119 s");
  EXPECT_EQ(human_duration(119'600'000'000), "2 min");
  EXPECT_EQ(human_duration(125'000'000'000), "2 min 5 s");
  EXPECT_EQ(human_duration(3'599'600'000'000), "1 h");
  EXPECT_EQ(human_duration(3'720'000'000'000), "1 h 2 min");
  EXPECT_EQ(human_duration(76 * int64_t{3'600'000'000'000}), "3 d 4 h");
  EXPECT_EQ(human_duration(-5'000'000), "-5.00 ms");
}

TEST(Format, Counts) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(101770), "101,770");
  EXPECT_EQ(human_count(-1000), "-1,000");
  EXPECT_EQ(human_count(1234567890), "1,234,567,890");
}

TEST(Format, Magnitudes) {
  EXPECT_EQ(human_magnitude(950), "950");
  EXPECT_EQ(human_magnitude(101770), "102 k");
  EXPECT_EQ(human_magnitude(1.2e6), "1.20 M");
  EXPECT_EQ(human_magnitude(0.25), "0.25");
}

TEST(Format, Percents) {
  EXPECT_EQ(human_percent(0.97531), "97.53 %");
  EXPECT_EQ(human_percent(0.5, 0), "50 %");
}

}  // namespace
}  // namespace slipway
