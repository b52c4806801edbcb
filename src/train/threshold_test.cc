// The learned threshold lies between the two kinds of values.
#include "train/threshold.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::train {
namespace {

TEST(Threshold, LiesBetweenTheTwoKinds) {
  Random random(1);
  std::vector<double> z;
  std::vector<int> labels;
  for (int i = 0; i < 4000; ++i) {
    bool anomaly = i % 50 == 0;
    z.push_back(std::abs(anomaly ? 7 + random.normal() : 1.3 * random.normal()));
    labels.push_back(anomaly);
  }
  Result<ThresholdFit> fit = learn_threshold(z, labels);
  ASSERT_TRUE(fit.ok()) << fit.status().message();
  EXPECT_GT(fit->k, 3);
  EXPECT_LT(fit->k, 6.5);
  EXPECT_GT(fit->f1, f1_score(z, labels, 2.0));
  EXPECT_GT(fit->f1, 0.9);
}

TEST(Threshold, WantsBothKinds) {
  std::vector<double> z = {1, 2};
  std::vector<int> none = {0, 0}, short_ = {1};
  EXPECT_EQ(learn_threshold(z, none).status().code(), Code::invalid_argument);
  EXPECT_EQ(learn_threshold(z, short_).status().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace slipway::train
