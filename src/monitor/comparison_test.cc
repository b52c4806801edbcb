// Paired answers: what counts as the same, as wrong, and as nothing to compare.
#include "monitor/comparison.h"

#include <limits>

#include <gtest/gtest.h>

namespace slipway {
namespace {

Given given(Shape shape, const std::vector<float>& values) {
  return {.output = Tensor::of<float>(std::move(shape), values), .took_ns = 1000};
}

TEST(Comparison, CountsWhatASureVersionIsContradictedIn) {
  Comparison c;
  c.add(given({3, 3}, {.9f, .1f, 0, .05f, .9f, .05f, .4f, .3f, .3f}),
        given({3, 3}, {.8f, .2f, 0, .9f, .05f, .05f, .3f, .4f, .3f}), 3);
  EXPECT_EQ(c.rows, 3);
  EXPECT_EQ(c.classes_compared, 3);
  EXPECT_EQ(c.disagreed, 2);
  EXPECT_EQ(c.all.sure, 2) << "of a class with a probability of 0.4 nobody is sure";
  EXPECT_EQ(c.all.contradicted, 1);
  EXPECT_EQ(c.by_class.at(1).contradicted, 1);
  EXPECT_EQ(c.by_class.at(0).contradicted, 0);
  EXPECT_NEAR(c.confidence_fall.mean(), (0.1 + 0 + 0) / 3, 1e-6);
}

TEST(Comparison, KnowsWhichOfTwoIsRight) {
  Comparison c;
  const Tensor labels = Tensor::of<int64_t>({2}, {0, 1});
  c.add(given({2, 2}, {1, 0, 1, 0}), given({2, 2}, {0, 1, 0, 1}), 2, labels);
  EXPECT_EQ(c.labelled, 2);
  EXPECT_EQ(c.right_before, 1);
  EXPECT_EQ(c.right_now, 1);
  EXPECT_EQ(c.only_before, 1);
  EXPECT_EQ(c.only_now, 1);
  EXPECT_NEAR(c.error_before.mean(), 1, 1e-6) << "Brier's score of one right and one wrong answer, 0 and 2";
  EXPECT_NEAR(c.error_rise.mean(), 0, 1e-6);
}

TEST(Comparison, MeasuresNumbersByTheirSquaredError) {
  Comparison c;
  c.add(given({2, 1}, {10, 20}), given({2, 1}, {12, 21}), 2, Tensor::of<float>({2}, {10, 22}));
  EXPECT_EQ(c.classes_compared, 0);
  EXPECT_NEAR(c.squared.mean(), (4 + 1) / 2.0, 1e-6);
  EXPECT_NEAR(c.error_before.mean(), (0 + 4) / 2.0, 1e-6);
  EXPECT_NEAR(c.error_rise.mean(), (4 + (1 - 4)) / 2.0, 1e-6);
}

TEST(Comparison, TellsNaNOfOneFromNaNOfBoth) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Comparison c;
  c.add(given({2, 2}, {1, 0, nan, nan}), given({2, 2}, {nan, 0, nan, 0}), 2);
  EXPECT_EQ(c.rows, 2);
  EXPECT_EQ(c.invalid_now, 1);
  EXPECT_EQ(c.invalid_before, 0);
  EXPECT_EQ(c.classes_compared, 0);
}

TEST(Comparison, FailuresAndRefusalsAreNoAnswers) {
  Comparison c;
  const Given good = given({1, 2}, {1, 0});
  c.add(good, {.status = internal("broken")}, 1);
  c.add({.status = internal("broken")}, {.status = internal("broken")}, 1);
  c.add(good, {.status = invalid("it takes 12 columns")}, 1);
  c.add(good, given({1, 3}, {1, 0, 0}), 1);
  EXPECT_EQ(c.requests, 4);
  EXPECT_EQ(c.failed_now, 1);
  EXPECT_EQ(c.failed_before, 0);
  EXPECT_EQ(c.not_comparable, 2) << "refused, and of another shape";
  EXPECT_EQ(c.rows, 0);
}

TEST(Comparison, ClassesAreComparedByWhatTheyMean) {
  Comparison c;
  const std::vector<int64_t> rename = {1, 0};
  c.add(given({1, 2}, {1, 0}), given({1, 2}, {0, 1}), 1, Tensor::of<int64_t>({1}, {0}), rename);
  EXPECT_EQ(c.disagreed, 0);
  EXPECT_EQ(c.right_now, 1);
  EXPECT_NEAR(c.error_rise.mean(), 0, 1e-6);
}

TEST(Comparison, OutputsMayBeTheClassesThemselves) {
  Comparison c;
  c.add({.output = Tensor::of<int64_t>({2}, {4, 7})}, {.output = Tensor::of<int64_t>({2}, {4, 8})}, 2);
  c.add({.output = Tensor::of<std::string>({1}, {"cat"})}, {.output = Tensor::of<std::string>({1}, {"dog"})}, 1);
  EXPECT_EQ(c.classes_compared, 3);
  EXPECT_EQ(c.all.contradicted, 2);
}

TEST(Comparison, ImagesNameNoClass) {
  Comparison c;
  c.add(given({1, 2, 2}, {0, 1, 2, 3}), given({1, 2, 2}, {0, 1, 2, 5}), 1);
  EXPECT_EQ(c.classes_compared, 0);
  EXPECT_NEAR(c.squared.mean(), 1, 1e-6);
}

TEST(Comparison, Merges) {
  Comparison a, b;
  a.add(given({1, 2}, {1, 0}), given({1, 2}, {0, 1}), 1);
  b.add(given({1, 2}, {1, 0}), given({1, 2}, {1, 0}), 1);
  a.merge(b);
  EXPECT_EQ(a.rows, 2);
  EXPECT_EQ(a.all.sure, 2);
  EXPECT_EQ(a.by_class.at(0).contradicted, 1);
  EXPECT_EQ(a.took_now.count(), 2);
}

TEST(Limits, AreThoseOfTheFormulas) {
  const ConfidenceLimits share = share_limits(10, 100, 1.96);
  EXPECT_NEAR(share.lower, 0.0552, 1e-4);
  EXPECT_NEAR(share.upper, 0.1744, 1e-4);
  const ConfidenceLimits paired = paired_share_limits(10, 2, 100, 1.96);
  EXPECT_NEAR(paired.lower, 0.00816, 1e-4);
  EXPECT_NEAR(paired.upper, 0.14870, 1e-4);
  EXPECT_EQ(share_limits(0, 0, 4).upper, 1);
}

}  // namespace
}  // namespace slipway
