// Retention: what stays by number, by age, and because it is live.
#include "store/retention.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using Versions = std::vector<int64_t>;

// Versions 1 to 6, a day old each, the newest today; production is 4, and a rollback goes to 2.
Versions left_over(const RetentionRule& rule) {
  constexpr int64_t kDay = 86'400'000'000;
  std::vector<DatedVersion> versions;
  for (int64_t v = 1; v <= 6; ++v) versions.push_back({v, v * kDay});
  ModelState state;
  state.production = 4;
  state.history = {2, 3};
  state.rejected = {{3, "worse"}};
  return expendable(versions, state, rule, 6 * kDay);
}

TEST(Retention, KeepsTheNewestTheYoungAndWhatIsLive) {
  constexpr int64_t kDay = 86'400'000'000;
  EXPECT_EQ(left_over({}), Versions{});
  EXPECT_EQ(left_over({.keep = 1}), (Versions{1, 3, 5}));
  EXPECT_EQ(left_over({.keep = 3}), (Versions{1, 3}));
  EXPECT_EQ(left_over({.keep = 9}), Versions{});
  EXPECT_EQ(left_over({.older_than_us = 2 * kDay}), (Versions{1, 3}));
  EXPECT_EQ(left_over({.older_than_us = 0}), (Versions{1, 3, 5, 6}));
  EXPECT_EQ(left_over({.keep = 1, .older_than_us = 4 * kDay}), Versions{1});
}

}  // namespace
}  // namespace slipway
