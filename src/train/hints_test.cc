// Hints: each is given where its numbers say so, and none where all is well.
#include "train/hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

EpochResult epoch(int64_t number, double loss, double accuracy, double val_loss, double val_accuracy) {
  EpochResult e{
      .epoch = number, .train = {.loss = loss, .accuracy = accuracy}, .validation = Evaluation{}, .steps = 10};
  e.validation->loss = val_loss;
  e.validation->accuracy = val_accuracy;
  e.learning_rate = 0.1;
  return e;
}

class Hints : public ::testing::Test {
 protected:
  std::vector<std::string> given(double momentum = 0) { return hints({fit_, judged_, classes_, momentum}); }

  FitResult fit_{.epochs = {epoch(1, 1.0, 0.5, 1.0, 0.5), epoch(2, 0.5, 0.8, 0.55, 0.78)}};
  Evaluation judged_{.examples = 600, .loss = 0.5};
  std::vector<std::string> classes_ = {"no", "yes"};
};

TEST_F(Hints, NoneWhereAllIsWell) {
  judged_.answers.confusion = *Json::parse("[[500,20],[30,50]]");
  judged_.answers.threshold = Threshold{.at = 0.45, .f1 = 0.69, .f1_usual = 0.67};
  EXPECT_THAT(given(), IsEmpty());
  EXPECT_THAT(given(0.5), IsEmpty());
}

TEST_F(Hints, OneClassForEveryExample) {
  judged_.answers.confusion = *Json::parse("[[566,0],[34,0]]");
  judged_.answers.threshold = Threshold{.at = 0.12, .f1 = 0.41, .f1_usual = 0};
  EXPECT_THAT(given(),
              ElementsAre(HasSubstr("every example is taken for \"no\", the most frequent class (566 of 600): "
                                    "class_weight = \"balanced\""),
                          HasSubstr("f1 of \"yes\" would be 0.410 instead of 0.000 if a probability of 0.120")));
}

TEST_F(Hints, NumbersThatHardlyMove) {
  judged_.answers.spread = 0.5;
  judged_.answers.truth_spread = 200;
  EXPECT_THAT(given(), ElementsAre(HasSubstr("the answers hardly differ (deviation 0.5, that of the targets 200)")));
}

TEST_F(Hints, ALossThatDoesNotFall) {
  fit_.epochs[1].train.loss = 0.99;
  EXPECT_THAT(given(),
              ElementsAre(HasSubstr("the training loss did not fall (1 in the first epoch, 0.99 in the last)")));
}

TEST_F(Hints, ValidationThatTurnsOrFallsBehind) {
  fit_.epochs.push_back(epoch(3, 0.1, 0.99, 0.9, 0.75));
  EXPECT_THAT(given(), ElementsAre(HasSubstr("the validation loss rose from 0.55 (epoch 2) to 0.9")));
  fit_.epochs.back() = epoch(3, 0.1, 0.99, 0.54, 0.75);
  EXPECT_THAT(given(), ElementsAre(HasSubstr("the accuracy is 0.990 in training and 0.750 on validation data")));
}

TEST_F(Hints, AveragesThatHaveNotCaughtUp) {
  EXPECT_THAT(given(0.99), ElementsAre(HasSubstr("have seen 20 steps and are still to 82 % what they began with")));
}

}  // namespace
}  // namespace slipway::train
