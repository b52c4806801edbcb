// The baseline and the vectorized feature counts against plain loops.
#include "sketch/baseline.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "sketch/baseline_builder.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FeatureCounts, EqualAHistogramPerFeature) {
  Random random(1);
  for (int64_t features : {1, 7, 16, 45}) {
    std::vector<std::vector<float>> edges;
    std::vector<Histogram> exact;
    for (int64_t f = 0; f < features; ++f) {
      std::vector<float> e;
      for (int j = 0; j < static_cast<int>(f % 4); ++j) e.push_back(static_cast<float>(j) - 1);
      edges.push_back(e);
      exact.emplace_back(e);
    }
    auto shared = std::make_shared<const FeatureEdges>(edges);
    FeatureCounts left(shared), right(shared);
    std::vector<double> sums(static_cast<size_t>(features), 0);
    for (int64_t batch : {1, 5, 32}) {
      std::vector<float> x(static_cast<size_t>(batch * features));
      for (float& v : x) v = std::round(static_cast<float>(random.normal() * 2)) / 2;
      for (size_t i = 0; i < x.size(); ++i) {
        exact[i % static_cast<size_t>(features)].add(x[i]);
        sums[i % static_cast<size_t>(features)] += x[i];
      }
      (batch == 5 ? left : right).add(x.data(), batch);
    }
    left.merge(right);
    EXPECT_EQ(left.rows(), 38);
    for (int64_t f = 0; f < features; ++f) {
      EXPECT_EQ(left.counts(f), exact[static_cast<size_t>(f)].counts()) << f;
      EXPECT_NEAR(left.mean(f), sums[static_cast<size_t>(f)] / 38, 1e-5);
    }
  }
}

TEST(RowSummary, MatchesPlainSumsAndSeesNaN) {
  std::vector<float> row(37);
  for (size_t i = 0; i < row.size(); ++i) row[i] = 1000 + static_cast<float>(i % 2);
  RowSummary s = summarize_row(row);
  EXPECT_NEAR(s.mean, 1000 + 18.0 / 37, 1e-3);
  EXPECT_NEAR(s.deviation, 0.4998, 1e-3);
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (size_t at : {size_t{0}, size_t{36}}) {
      std::vector<float> spoiled = row;
      spoiled[at] = bad;
      EXPECT_FALSE(summarize_row(spoiled).finite);
    }
  }
}

BaselineBuilder filled(int64_t rows, BaselineOptions options) {
  Random random(9);
  BaselineBuilder builder(4, 2, std::move(options));
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<float> x(4), y(2);
    for (float& v : x) v = static_cast<float>(random.normal());
    x[3] = 5;
    y[0] = r % 4 == 0 ? 0.9f : 0.2f;
    y[1] = 1 - y[0];
    EXPECT_TRUE(builder.add(x, y, 1).ok());
  }
  return builder;
}

TEST(Baseline, SumsUpTrainingData) {
  Baseline b = filled(6000, {.row_shape = {2, 2}, .class_names = {"no", "yes"}}).build().value();
  EXPECT_EQ(b.rows, 6000);
  ASSERT_EQ(b.features.size(), 4u);
  EXPECT_EQ(b.features[2].name, "x[1, 0]");
  EXPECT_NEAR(b.features[0].moments.mean(), 0, 0.05);
  EXPECT_NEAR(b.features[0].moments.deviation(), 1, 0.05);
  EXPECT_EQ(b.features[0].histogram.counts().size(), 10u);
  EXPECT_EQ(b.features[0].histogram.total(), 4096);
  for (int64_t n : b.features[0].histogram.counts()) EXPECT_NEAR(static_cast<double>(n), 409.6, 2);
  EXPECT_THAT(b.features[3].histogram.counts(), ElementsAre(0, 4096, 0));
  EXPECT_THAT(b.classes, ElementsAre(1500, 4500));
  EXPECT_NEAR(b.confidence.mean(), 0.25 * 0.9 + 0.75 * 0.8, 1e-6);
  EXPECT_EQ(b.class_name(1), "yes");
  EXPECT_EQ(b.feature_name(2), "x[1, 0]");
  EXPECT_EQ(b.feature_name(9), "x[9]");
  EXPECT_TRUE(b.chosen().empty());
}

TEST(Baseline, SurvivesJson) {
  Baseline b = filled(500, {}).build().value();
  auto copy = Baseline::from_json(Json::parse(b.to_json().dump()).value());
  ASSERT_TRUE(copy.ok()) << copy.status().to_string();
  EXPECT_EQ(copy->to_json().dump(), b.to_json().dump());
  EXPECT_EQ(copy->features[1].histogram.edges(), b.features[1].histogram.edges());
}

TEST(Baseline, KeepsAnEvenChoiceOfWideRows) {
  BaselineBuilder builder(10000, 1, {.max_features = 100});
  std::vector<float> x(10000, 1), y(1, 3.5f);
  ASSERT_TRUE(builder.add(x, y, 1).ok());
  Baseline b = builder.build().value();
  EXPECT_EQ(b.features.size(), 100u);
  EXPECT_EQ(b.chosen()[1], 100);
  EXPECT_EQ(b.value.moments.mean(), 3.5);
}

TEST(Baseline, LeavesOutRowsThatAreNoNumbers) {
  BaselineBuilder builder(2, 2);
  std::vector<float> x = {1, std::numeric_limits<float>::quiet_NaN()}, y = {0.5f, 0.5f};
  ASSERT_TRUE(builder.add(x, y, 1).ok());
  EXPECT_EQ(builder.build().status().code(), Code::failed_precondition);
}

TEST(Baseline, RefusesWrongSizesAndWrongJson) {
  BaselineBuilder builder(2, 2);
  std::vector<float> x = {1, 2, 3}, y = {0.5f, 0.5f};
  EXPECT_THAT(builder.add(x, y, 1).message(), HasSubstr("1 rows of 2 inputs"));
  EXPECT_THAT(Baseline::from_json(Json::object()).status().message(), HasSubstr("slipway-baseline-1"));
}

TEST(Baseline, OfAnImageClassifierStaysSmall) {
  Random random(2);
  BaselineBuilder builder(784, 10, {.row_shape = {28, 28}});
  for (int r = 0; r < 300; ++r) {
    std::vector<float> x(784), y(10, 0.1f);
    for (float& v : x) v = static_cast<float>(random.below(256)) / 255;
    ASSERT_TRUE(builder.add(x, y, 1).ok());
  }
  EXPECT_LT(builder.build().value().to_json().dump().size(), 300000u);
}

}  // namespace
}  // namespace slipway
