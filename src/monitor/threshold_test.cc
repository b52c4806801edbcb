// The contract between the threshold detector and the training of its k.
#include "monitor/threshold.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using ::testing::HasSubstr;

TEST(Threshold, DeviationsAreOfTheValuesBefore) {
  const std::vector<double> x = {1, 3, 1, 3, 8, 2};
  const std::vector<double> z = deviations(x, 4, 2, 0);
  ASSERT_EQ(z.size(), 6u);
  EXPECT_EQ(z[0], 0);
  EXPECT_EQ(z[1], 0);
  EXPECT_NEAR(z[2], 1 / std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(z[4], 6 / std::sqrt(4.0 / 3), 1e-12);
  // Of 3, 1, 3, 8: mean 3.75, variance 26.75 / 3.
  EXPECT_NEAR(z[5], 1.75 / std::sqrt(26.75 / 3), 1e-12);
}

TEST(Threshold, SigmaHasAFloor) {
  const std::vector<double> x(10, 5.0);
  EXPECT_NEAR(reference_of(x, 0.1).sigma, 0.5, 1e-12);
  EXPECT_NEAR(reference_of(x, 0.1).deviation(4), -2, 1e-9);
}

TEST(Threshold, SurvivesJsonAndRefusesNonsense) {
  ThresholdModel model{.k = 3.25, .examples = 4000, .f1 = 0.5, .trained_on = "NAB"};
  auto copy = ThresholdModel::from_json(Json::parse(model.to_json().dump()).value());
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->to_json().dump(), model.to_json().dump());
  EXPECT_EQ(ThresholdModel().k, 2);
  EXPECT_THAT(ThresholdModel::from_json(Json::object()).status().message(), HasSubstr("slipway-threshold-1"));
  Json negative = model.to_json();
  negative.set("k", -1);
  EXPECT_THAT(ThresholdModel::from_json(negative).status().message(), HasSubstr("positive"));
}

}  // namespace
}  // namespace slipway
