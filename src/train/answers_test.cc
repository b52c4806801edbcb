// Answers: thresholds and scores by class against values worked out by hand.
#include "train/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::train {
namespace {

TEST(Answers, TheBestThresholdOfARareClass) {
  const std::vector<float> p = {0.4f, 0.3f, 0.35f, 0.1f, 0.1f, 0.05f};
  const std::vector<uint8_t> truth = {1, 1, 0, 0, 0, 0};
  std::optional<Threshold> best = best_threshold(p, truth);
  ASSERT_TRUE(best);
  EXPECT_NEAR(best->at, 0.3, 1e-6);
  EXPECT_NEAR(best->f1, 2 * 2 / (2.0 + 3), 1e-9);
  EXPECT_EQ(best->f1_usual, 0);
  EXPECT_EQ(best_threshold(p, std::vector<uint8_t>(6, 1)), std::nullopt);
}

TEST(Answers, OfClassesNumbersAndLabels) {
  AnswerKeeper classes({.probabilities = true}, 3);
  classes.add(Tensor::of<float>({3, 3}, {.8f, .1f, .1f, .6f, .3f, .1f, .1f, .2f, .7f}),
              Tensor::of<int64_t>({3}, {0, 1, 2}));
  EXPECT_EQ(classes.result().confusion.dump(), "[[1,0,0],[1,0,0],[0,0,1]]");
  EXPECT_FALSE(classes.result().threshold);
  const std::vector<ClassScore> scores = class_scores(classes.result().confusion, {"a", "b"});
  ASSERT_EQ(scores.size(), 3u);
  EXPECT_EQ(to_json(scores).items()[0].dump(),
            R"({"name":"a","examples":1,"precision":0.5,"recall":1,"f1":0.6666666666666666})");
  EXPECT_EQ(scores[1].recall, 0);
  EXPECT_EQ(scores[2].name, "2") << "a class without a name";

  AnswerKeeper numbers({}, 0);
  numbers.add(Tensor::of<float>({4, 1}, {1, 1, 3, 3}), Tensor::of<float>({4, 1}, {0, 4, 0, 4}));
  EXPECT_EQ(numbers.result().spread, 1);
  EXPECT_EQ(numbers.result().truth_spread, 2);
  EXPECT_TRUE(numbers.result().confusion.is_null());

  AnswerKeeper labels({.probabilities = true, .labels = true}, 2);
  labels.add(Tensor::of<float>({2, 2}, {.9f, .2f, .8f, .7f}), Tensor::of<float>({2, 2}, {1, 0, 0, 1}));
  EXPECT_EQ(class_scores(labels.result().confusion, {"u", "v"})[0].precision, 0.5);
  EXPECT_EQ(class_scores(labels.result().confusion, {"u", "v"})[1].f1, 1);
}

TEST(Answers, LogitsOfTwoClassesBecomeProbabilities) {
  AnswerKeeper keeper({.probabilities = false}, 2);
  keeper.add(Tensor::of<float>({2, 2}, {1, 0, 2, 2}), Tensor::of<int64_t>({2}, {0, 1}));
  ASSERT_TRUE(keeper.result().threshold);
  EXPECT_NEAR(keeper.result().threshold->at, 0.5, 1e-6);
}

}  // namespace
}  // namespace slipway::train
