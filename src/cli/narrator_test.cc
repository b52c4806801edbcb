// Narrator: how fast a run goes and when it will be over.
#include "cli/narrator.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(Pace, TellsExamplesPerSecondAndWhenTheRunIsOver) {
  Pace pace;
  pace.begin(0, 0, 0);
  EXPECT_EQ(pace.text(), "") << "one step says nothing";
  pace.see(2000, 0.2, 4, kSecond);
  EXPECT_EQ(pace.text(), "2,000 samples/s");
  pace.see(6000, 0.6, 4, 3 * kSecond);  // 5 s an epoch: 2 s of this one and 4 more
  EXPECT_EQ(pace.text(), "2,000 samples/s  ETA 22.0 s");
  pace.see(10000, 1, 4, 5 * kSecond);
  pace.finish_epoch(8 * kSecond);  // validation is slow
  pace.begin(0, 0, 8 * kSecond);
  pace.see(5000, 0.5, 3, 8 * kSecond + kSecond * 5 / 2);  // 2.5 s of this one, 8 s for each behind it
  EXPECT_EQ(pace.text(), "2,000 samples/s  ETA 26.5 s");
}

TEST(Pace, OfAResumedEpochCountsWhatWasDoneHere) {
  Pace pace;
  pace.begin(9000, 0.9, 0);
  pace.see(9500, 0.95, 0, 5 * kSecond);
  EXPECT_EQ(pace.text(), "100 samples/s  ETA 5.00 s");
  pace.see(10000, 1, 0, 10 * kSecond);
  EXPECT_EQ(pace.text(), "100 samples/s") << "nothing is left";
}

}  // namespace
}  // namespace slipway
