// Sampling: temperature, top-k, top-p, ties, draws.
#include "generate/sampling.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

// Scores whose softmax is 0.1, 0.4, 0.2, 0.3.
std::vector<float> scores() { return {std::log(0.1f), std::log(0.4f), std::log(0.2f), std::log(0.3f)}; }

auto near(double a, double b, double c, double d) {
  return ElementsAre(DoubleNear(a, 1e-6), DoubleNear(b, 1e-6), DoubleNear(c, 1e-6), DoubleNear(d, 1e-6));
}

TEST(Sampling, Distributions) {
  EXPECT_THAT(next_distribution(scores(), {}), near(0.1, 0.4, 0.2, 0.3));
  EXPECT_THAT(next_distribution(scores(), {.temperature = 0.5}), near(1 / 30.0, 16 / 30.0, 4 / 30.0, 9 / 30.0));
  EXPECT_THAT(next_distribution(scores(), {.temperature = 0}), near(0, 1, 0, 0));
  EXPECT_THAT(next_distribution(scores(), {.top_k = 2}), near(0, 4 / 7.0, 0, 3 / 7.0));
  EXPECT_THAT(next_distribution(scores(), {.top_k = 9}), near(0.1, 0.4, 0.2, 0.3));
  EXPECT_THAT(next_distribution(scores(), {.top_p = 0.5}), near(0, 4 / 7.0, 0, 3 / 7.0)) << "0.4 does not reach it";
  EXPECT_THAT(next_distribution(scores(), {.top_p = 0.39}), near(0, 1, 0, 0));
  EXPECT_THAT(next_distribution(scores(), {.top_k = 3, .top_p = 0.5}), near(0, 4 / 7.0, 0, 3 / 7.0))
      << "of the three 0.4 has 4/9";
  EXPECT_THAT(next_distribution(scores(), {.top_k = 3, .top_p = 0.44}), near(0, 1, 0, 0));
}

TEST(Sampling, ScoresOfAnySize) {
  float none = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(next_distribution(std::vector<float>{1000, none, 1000, -1000}, {}), near(0.5, 0, 0.5, 0));
  EXPECT_THAT(next_distribution(std::vector<float>{1, 1, 1, 1}, {.temperature = 0}), near(1, 0, 0, 0));
  EXPECT_THAT(next_distribution(std::vector<float>{1, 1, 1, 1}, {.top_k = 2}), near(0.5, 0.5, 0, 0));
}

TEST(Sampling, DrawsFollowTheDistribution) {
  std::vector<double> p = {0, 0.25, 0, 0.75, 0};
  EXPECT_EQ(draw(p, 0), 1);
  EXPECT_EQ(draw(p, 0.2499), 1);
  EXPECT_EQ(draw(p, 0.25), 3);
  EXPECT_EQ(draw(p, 0.999999999), 3);
  EXPECT_EQ(draw(std::vector<double>{0.3, 0.7 - 1e-12, 0}, 1 - 1e-15), 1) << "never an id that has no share";
  Random random(7);
  int ones = 0;
  for (int i = 0; i < 4000; ++i) ones += draw(p, random.uniform()) == 1;
  EXPECT_NEAR(ones, 1000, 110) << "four standard deviations";
}

TEST(Sampling, SaysWhatIsWrong) {
  EXPECT_TRUE(check(Sampling{.temperature = 0, .top_k = 1, .top_p = 0.1}).ok());
  EXPECT_THAT(check(Sampling{.temperature = -1}).message(), HasSubstr("temperature is -1; expected"));
  EXPECT_THAT(check(Sampling{.temperature = NAN}).message(), HasSubstr("temperature is nan"));
  EXPECT_THAT(check(Sampling{.top_k = -2}).message(), HasSubstr("top_k is -2"));
  EXPECT_THAT(check(Sampling{.top_p = 0}).message(), HasSubstr("top_p is 0"));
  EXPECT_THAT(check(Sampling{.top_p = 1.5}).message(), HasSubstr("top_p is 1.5"));
}

}  // namespace
}  // namespace slipway
