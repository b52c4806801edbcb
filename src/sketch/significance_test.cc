// Tests and effect sizes against published values, and the rate of false rejections under the null.
#include "sketch/significance.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;

TEST(Significance, SurvivalsMatchTables) {
  EXPECT_NEAR(normal_survival(1.959964), 0.025, 1e-7);
  EXPECT_NEAR(normal_survival(8), 6.2209605742717e-16, 1e-20);
  EXPECT_NEAR(chi_square_survival(3.841459, 1), 0.05, 1e-7);
  EXPECT_NEAR(chi_square_survival(16.918978, 9), 0.05, 1e-7);
  EXPECT_NEAR(chi_square_survival(27.877165, 9) / 0.001, 1, 1e-6);
  EXPECT_NEAR(chi_square_survival(100, 9) / 1.5735176303753944e-17, 1, 1e-6);
  EXPECT_EQ(chi_square_survival(0, 3), 1);
}

TEST(Significance, KolmogorovSmirnovMatchesTables) {
  // lambda = 1.3581 is the 5% point of Kolmogorov's distribution, for large n and m.
  double n = 1e8;
  EXPECT_NEAR(ks_survival(1.3581 / std::sqrt(n / 2), n, n), 0.05, 1e-4);
  std::vector<int64_t> a = {10, 0, 0}, b = {0, 5, 5};
  EXPECT_DOUBLE_EQ(ks_statistic(a, b), 1);
  EXPECT_DOUBLE_EQ(ks_statistic(a, a), 0);
}

TEST(Significance, StabilityIndexOfAKnownShift) {
  std::vector<int64_t> expected = {500000, 500000}, observed = {250000, 750000};
  EXPECT_NEAR(stability_index(expected, observed), 0.25 * std::log(3.0), 1e-5);
  EXPECT_NEAR(stability_index(expected, expected), 0, 1e-12);
}

TEST(Significance, HomogeneityOfAKnownTable) {
  // 2 (10 ln(10/16) + 20 ln(20/14) + 30 ln(30/24) + 15 ln(15/21)).
  std::vector<int64_t> a = {10, 20}, b = {30, 15};
  EXPECT_NEAR(homogeneity(a, b).statistic, 8.1614, 1e-3);
  EXPECT_LT(homogeneity(a, b).p, 0.005);
  std::vector<int64_t> empty = {0, 0};
  EXPECT_EQ(homogeneity(a, empty).p, 1);
}

TEST(Significance, HomogeneityHoldsItsLevelUnderTheNull) {
  Random random(11);
  int rejected = 0;
  const int trials = 2000;
  for (int t = 0; t < trials; ++t) {
    std::vector<int64_t> expected(10), observed(10);
    for (int i = 0; i < 2000; ++i) ++expected[random.below(10)];
    for (int i = 0; i < 300; ++i) ++observed[random.below(10)];
    rejected += homogeneity(expected, observed).p < 0.01 ? 1 : 0;
  }
  EXPECT_LT(rejected, trials * 0.02);
  EXPECT_GT(rejected, trials * 0.003);
}

// Two of 400 values that 4000 did not show: twice the chance that both fall among the 400, (1 / 11)^2. Five: news.
TEST(Significance, HomogeneityJudgesBinsThatExpectNothingByTheBinomialTail) {
  std::vector<int64_t> expected = {0, 4000, 0}, observed = {0, 398, 2}, more = {0, 395, 5};
  EXPECT_NEAR(homogeneity(expected, observed).p, 2.0 / 121, 1e-9);
  EXPECT_NEAR(homogeneity(expected, more).p, 2 * std::pow(11.0, -5), 1e-9);
  std::vector<int64_t> moved = {0, 0, 400};
  EXPECT_LT(homogeneity(expected, moved).p, 1e-100);
}

TEST(Significance, BinomialTail) {
  EXPECT_NEAR(binomial_survival(3, 5, 0.5), 0.5, 1e-12);
  EXPECT_NEAR(binomial_survival(2, 3, 0.1), 0.028, 1e-12);
  EXPECT_EQ(binomial_survival(0, 3, 0.1), 1);
  EXPECT_EQ(binomial_survival(4, 3, 0.1), 0);
}

TEST(Significance, HolmStepsDown) {
  std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  EXPECT_THAT(holm(p, 0.05), ElementsAre(true, false, false, true));
  EXPECT_THAT(holm(std::vector<double>{}, 0.05), ElementsAre());
}

}  // namespace
}  // namespace slipway
