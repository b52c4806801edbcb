// Sketches against exact answers: error bounds, merging, round trips through JSON.
#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "sketch/answer.h"
#include "sketch/distinct.h"
#include "sketch/histogram.h"
#include "sketch/moments.h"
#include "sketch/quantiles.h"
#include "sketch/top_counts.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Moments, OfAKnownList) {
  Moments m;
  for (double x : {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0}) m.add(x);
  EXPECT_EQ(m.count(), 8);
  EXPECT_DOUBLE_EQ(m.mean(), 5.0);
  EXPECT_DOUBLE_EQ(m.variance(), 32.0 / 7);
  EXPECT_EQ(m.min(), 2);
  EXPECT_EQ(m.max(), 9);
  EXPECT_EQ(m.to_json().dump(), "[8,5,32,2,9]");
}

TEST(Moments, MergedPartsEqualTheWhole) {
  Random random(3);
  Moments whole, left, right;
  for (int i = 0; i < 1000; ++i) {
    double x = 1e6 + random.normal();
    whole.add(x);
    (i % 3 == 0 ? left : right).add(x);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), whole.count());
  EXPECT_NEAR(left.mean(), whole.mean(), 1e-9);
  EXPECT_NEAR(left.variance(), whole.variance(), 1e-8);
  EXPECT_EQ(left.min(), whole.min());
}

TEST(Moments, RefusesNonsense) {
  EXPECT_FALSE(Moments::from_json(Json::array({1, 2})).ok());
  EXPECT_FALSE(Moments::from_json(Json::array({-1, 0, 0, 0, 0})).ok());
  EXPECT_TRUE(Moments::from_json(Moments(3, 1, 2, 0, 2).to_json()).ok());
}

TEST(Quantiles, StayWithinTheStatedError) {
  Random random(7);
  Quantiles sketch(0.01);
  std::vector<double> values;
  for (int i = 0; i < 20000; ++i) {
    double x = std::exp(3 * random.normal());
    if (i % 5 == 0) x = -x;
    if (i % 11 == 0) x = 0;
    values.push_back(x);
    sketch.add(x);
  }
  std::sort(values.begin(), values.end());
  for (double q : {0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
    double exact = values[static_cast<size_t>(q * 19999)];
    EXPECT_NEAR(sketch.quantile(q), exact, std::abs(exact) * 0.0101) << q;
  }
}

TEST(Quantiles, MergedPartsEqualTheWhole) {
  Random random(8);
  Quantiles whole, left, right;
  for (int i = 0; i < 5000; ++i) {
    double x = random.normal() * 100;
    whole.add(x);
    (i % 2 == 0 ? left : right).add(x);
  }
  left.merge(right);
  for (double q = 0; q <= 1; q += 0.05) EXPECT_EQ(left.quantile(q), whole.quantile(q));
}

TEST(Quantiles, StayBoundedAndKeepTheTail) {
  Quantiles sketch(0.01, 128);
  for (int e = -10; e <= 10; ++e) sketch.add(std::pow(10.0, e));
  EXPECT_NEAR(sketch.quantile(1), 1e10, 1e8);
  EXPECT_EQ(sketch.count(), 21);
  EXPECT_LE(sketch.to_json()["positive"]["counts"].items().size(), 128u);
}

TEST(Quantiles, SurviveJson) {
  Quantiles sketch;
  for (double x : {-5.0, 0.0, 1.0, 2.0, 30.0}) sketch.add(x);
  auto copy = Quantiles::from_json(Json::parse(sketch.to_json().dump()).value());
  ASSERT_TRUE(copy.ok());
  for (double q : {0.0, 0.25, 0.5, 1.0}) EXPECT_EQ(copy->quantile(q), sketch.quantile(q));
  EXPECT_FALSE(Quantiles::from_json(Json::object({{"accuracy", 2.0}})).ok());
}

TEST(Histogram, PutsEdgesIntoTheUpperBin) {
  Histogram h({0, 1, 2});
  for (float x : {-1.0f, 0.0f, 0.5f, 1.0f, 2.0f, 9.0f}) h.add(x);
  EXPECT_THAT(h.counts(), ElementsAre(1, 2, 1, 2));
  auto copy = Histogram::from_json(h.to_json());
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->counts(), h.counts());
}

TEST(Histogram, RefusesNonsense) {
  EXPECT_FALSE(Histogram::from_json(Json::parse(R"({"edges": [1, 1], "counts": [1, 2, 3]})").value()).ok());
  EXPECT_FALSE(Histogram::from_json(Json::parse(R"({"edges": [1], "counts": [1]})").value()).ok());
}

TEST(Histogram, EdgesCutEqually) {
  std::vector<float> sample;
  for (int i = 0; i < 100; ++i) sample.push_back(static_cast<float>(i));
  EXPECT_THAT(quantile_edges(sample, 4), ElementsAre(24.5f, 49.5f, 74.5f));
}

TEST(Histogram, FewerDigitsMoveNothingOverAnEdge) {
  std::vector<float> sample, rounded;
  for (int i = 0; i < 1000; ++i) {
    sample.push_back(static_cast<float>(i % 256) / 255);
    rounded.push_back(std::round(sample.back() * 1000) / 1000);
  }
  Histogram exact(quantile_edges(sample, 10)), short_(quantile_edges(sample, 10));
  for (float x : sample) exact.add(x);
  for (float x : rounded) short_.add(x);
  EXPECT_EQ(exact.counts(), short_.counts());
}

TEST(Histogram, AValueThatHoldsSeveralQuantilesHasItsOwnBin) {
  std::vector<float> sample(80, 0.0f);
  for (int i = 0; i < 20; ++i) sample.push_back(0.5f + static_cast<float>(i));
  Histogram h(quantile_edges(sample, 10));
  for (float x : sample) h.add(x);
  h.add(-1);
  EXPECT_THAT(h.counts(), ElementsAre(1, 80, 10, 10));
  Histogram constant(quantile_edges(std::vector<float>(50, 3.0f), 10));
  constant.add(2.9f);
  constant.add(3.0f);
  constant.add(3.1f);
  EXPECT_THAT(constant.counts(), ElementsAre(1, 1, 1));
}

TEST(Histogram, CategoriesHaveBinsOfTheirOwnAndSoHaveUnknownOnes) {
  std::vector<float> codes;
  for (int i = 0; i < 200; ++i) codes.push_back(i % 10 == 0 ? 4.0f : static_cast<float>(1 + i % 2));
  EXPECT_THAT(quantile_edges(codes, 10), ElementsAre(0.5f, 1.5f, 3.0f, 4.5f));
  codes.resize(4000, 2.0f);
  codes.back() = 9;  // once in 4000: no category of its own
  EXPECT_THAT(quantile_edges(codes, 10), ElementsAre(0.5f, 1.5f, 3.0f, 4.5f));
  std::vector<float> months;
  for (int i = 0; i < 600; ++i) months.push_back(static_cast<float>(1 + i % 24));
  const std::vector<float> edges = quantile_edges(months, 4);
  EXPECT_EQ(edges.front(), 0.5f);
  EXPECT_EQ(edges.back(), 24.5f);
  EXPECT_EQ(edges.size(), 5u);
}

TEST(Distinct, EstimatesWithinFourStandardErrors) {
  for (int n : {10, 500, 5000, 100000}) {
    Distinct sketch(12);
    for (int i = 0; i < n; ++i) {
      sketch.add(mix_bits(static_cast<uint64_t>(i) + 1));
      sketch.add(mix_bits(static_cast<uint64_t>(i) + 1));
    }
    EXPECT_NEAR(sketch.estimate(), n, 4 * 1.04 / 64 * n) << n;
  }
}

TEST(Distinct, MergesAndSurvivesJson) {
  Distinct a, b, both;
  for (uint64_t i = 0; i < 2000; ++i) {
    (i % 2 == 0 ? a : b).add(mix_bits(i));
    both.add(mix_bits(i));
  }
  a.merge(b);
  EXPECT_EQ(a.estimate(), both.estimate());
  auto copy = Distinct::from_json(Json::parse(a.to_json().dump()).value());
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->estimate(), a.estimate());
}

TEST(TopCounts, AreExactWhileThereIsRoom) {
  TopCounts counts(4);
  for (int id : {3, 1, 3, 3, 7, 1}) counts.add(id);
  EXPECT_THAT(counts.top(2), ElementsAre(Pair(3, 3), Pair(1, 2)));
  EXPECT_TRUE(counts.exact());
  EXPECT_EQ(counts.total(), 6);
}

TEST(TopCounts, KeepTheHeavyOnesBeyond) {
  Random random(5);
  TopCounts counts(32);
  for (int i = 0; i < 10000; ++i) {
    counts.add(i % 4 == 0 ? 42 : i % 4 == 1 ? 43 : static_cast<int64_t>(1000 + random.below(5000)));
  }
  EXPECT_FALSE(counts.exact());
  EXPECT_GE(counts.count(42), 2500);
  EXPECT_LE(counts.count(42), 2500 + 10000 / 32);
  auto copy = TopCounts::from_json(counts.to_json(), 32);
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->top(5), counts.top(5));
}

TEST(Answer, OfEveryKindOfRow) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> probabilities = {0.1f, 0.7f, 0.2f};
  EXPECT_EQ(read_answer(probabilities).category, 1);
  EXPECT_FLOAT_EQ(read_answer(probabilities).confidence, 0.7f);
  std::vector<float> logits = {0, std::log(3.0f)};
  EXPECT_EQ(read_answer(logits).category, 1);
  EXPECT_NEAR(read_answer(logits).confidence, 0.75f, 1e-6);
  std::vector<float> spoiled = {0.1f, nan};
  EXPECT_FALSE(read_answer(spoiled).finite);
  std::vector<float> single = {0.2f};
  EXPECT_EQ(read_answer(single).category, 0);
  EXPECT_FLOAT_EQ(read_answer(single).confidence, 0.8f);
  std::vector<float> price = {210.5f};
  EXPECT_EQ(read_answer(price).category, -1);
  EXPECT_FLOAT_EQ(read_answer(price).value, 210.5f);
}

}  // namespace
}  // namespace slipway
