// Judgements as a table: what was measured, and what is said of it.
#include "monitor/judgement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "monitor/trials.h"

namespace slipway {
namespace {

using Verdict = Judgement::Verdict;
using ::testing::HasSubstr;

JudgementLimits limits() { return judgement_limits({}); }

// `rows` rows of ten classes in turn; the new version's probability of the same class is `confidence`, but for each
// `wrong_of` 1000 rows, which it answers with the class after.
void ask(Comparison& c, int rows, int wrong_of_1000, float confidence = 0.95f, bool labelled = false) {
  for (int i = 0; i < rows; ++i) {
    const int64_t truth = i % 10;
    std::vector<float> before(10, 0.005f), now(10, (1 - confidence) / 9);
    before[static_cast<size_t>(truth)] = 0.955f;
    const bool wrong = i * 7 % 1000 < wrong_of_1000;
    now[static_cast<size_t>(wrong ? (truth + 1) % 10 : truth)] = confidence;
    c.add({.output = Tensor::of<float>({1, 10}, before), .took_ns = 20'000},
          {.output = Tensor::of<float>({1, 10}, now), .took_ns = 20'000}, 1,
          labelled ? Tensor::of<int64_t>({1}, {truth}) : Tensor());
  }
}

Trial unlabelled() { return {.version = 2, .previous = 1, .holdout_done = true}; }

const Finding* finding(const Judgement& j, const std::string& subject) {
  for (const Finding& f : j.findings) {
    if (f.subject == subject) return &f;
  }
  return nullptr;
}

void expect_judged(const Trial& trial, Verdict verdict, const std::string& says) {
  const Judgement j = judge(trial, limits());
  EXPECT_EQ(j.verdict, verdict);
  EXPECT_THAT(j.summary, HasSubstr(says));
}

TEST(Judgement, AnswersAlikeAreEqual) {
  Trial trial = unlabelled();
  ask(trial.before, 400, 10);
  expect_judged(trial, Verdict::equal, "answers 98.5 % of 400 inputs with the class that version 1 answers");
}

TEST(Judgement, TooFewAnswersSayNothing) {
  Trial trial = unlabelled();
  ask(trial.before, 40, 1000);
  EXPECT_EQ(judge(trial, limits()).verdict, Verdict::gathering);
}

TEST(Judgement, ContradictingMostOfWhatWasSureIsProof) {
  Trial trial = unlabelled();
  ask(trial.after, 100, 1000);
  expect_judged(trial, Verdict::worse, "it contradicts 100 % of 100 answers that version 1 is sure of");
}

TEST(Judgement, OneClassContradictedIsProof) {
  Trial trial = unlabelled();
  for (int i = 0; i < 300; ++i) {
    const size_t truth = static_cast<size_t>(i % 10);
    std::vector<float> before(10, 0), now(10, 0);
    before[truth] = 1;
    now[truth == 3 ? 8 : truth] = 1;
    trial.before.add({.output = Tensor::of<float>({1, 10}, before)}, {.output = Tensor::of<float>({1, 10}, now)}, 1);
  }
  expect_judged(trial, Verdict::worse, "answers of class 3");
}

TEST(Judgement, ADifferenceThatNobodyCanJudgeIsUnknown) {
  Trial trial = unlabelled();
  ask(trial.after, 1000, 120);
  expect_judged(trial, Verdict::unknown, "without labelled examples nothing tells");
}

TEST(Judgement, LabelsTellIt) {
  Trial trial = unlabelled();
  ask(trial.holdout, 1000, 120, 0.95f, true);
  const Judgement j = judge(trial, limits());
  EXPECT_EQ(j.verdict, Verdict::worse);
  EXPECT_THAT(j.summary, HasSubstr("right on 88.0 % of 1000 labelled examples, version 1 on 100.0 %"));
  const Finding* accuracy = finding(j, "accuracy");
  ASSERT_NE(accuracy, nullptr);
  EXPECT_GT(accuracy->statistic, 0.07);
  EXPECT_LT(accuracy->statistic, 0.12);
}

TEST(Judgement, LabelsClearAVersionThatAnswersStrangeInputsOtherwise) {
  Trial trial = unlabelled();
  ask(trial.holdout, 1000, 3, 0.95f, true);
  ask(trial.before, 400, 600);
  EXPECT_EQ(judge(trial, limits()).verdict, Verdict::equal);
  Trial without = unlabelled();
  without.before = trial.before;
  EXPECT_EQ(judge(without, limits()).verdict, Verdict::worse);
}

TEST(Judgement, InputsThatChangedAfterTheSwitchDoNotCount) {
  Trial trial = unlabelled();
  ask(trial.before, 300, 10);
  ask(trial.after, 700, 900);
  EXPECT_EQ(judge(trial, limits()).verdict, Verdict::equal);
}

TEST(Judgement, LostConfidenceIsProof) {
  Trial trial = unlabelled();
  ask(trial.before, 300, 10, 0.5f);
  const Judgement j = judge(trial, limits());
  EXPECT_EQ(j.verdict, Verdict::worse);
  EXPECT_THAT(j.summary, HasSubstr("it is less sure than version 1"));
  Trial labelled = unlabelled();
  ask(labelled.holdout, 1000, 10, 0.5f, true);
  EXPECT_EQ(judge(labelled, limits()).verdict, Verdict::worse);
}

TEST(Judgement, NaNAndFailuresAreProofWhereTheOtherAnswers) {
  const Given good{.output = Tensor::of<float>({1, 2}, {1, 0})};
  const Given nan{.output = Tensor::of<float>({1, 2}, {NAN, 0})};
  const Given broken{.status = internal("broken")};
  for (const auto& [before, now, verdict] :
       {std::tuple(good, nan, Verdict::worse), std::tuple(good, broken, Verdict::worse),
        std::tuple(nan, nan, Verdict::gathering), std::tuple(broken, broken, Verdict::gathering)}) {
    Trial trial = unlabelled();
    for (int i = 0; i < 100; ++i) trial.after.add(before, now, 1);
    EXPECT_EQ(judge(trial, limits()).verdict, verdict);
  }
}

TEST(Judgement, ManyTimesSlowerIsProofALittleSlowerIsTold) {
  auto verdict = [](int64_t before_ns, int64_t now_ns) {
    Trial trial = unlabelled();
    const Tensor y = Tensor::of<float>({1, 2}, {1, 0});
    for (int i = 0; i < 300; ++i) {
      trial.after.add({.output = y, .took_ns = before_ns}, {.output = y, .took_ns = now_ns}, 1);
    }
    return judge(trial, limits());
  };
  EXPECT_EQ(verdict(20'000, 5'020'000).verdict, Verdict::worse);
  const Judgement larger = verdict(2'000'000, 8'000'000);
  EXPECT_EQ(larger.verdict, Verdict::equal);
  EXPECT_TRUE(finding(larger, "latency")->firing());
  EXPECT_FALSE(finding(verdict(2'000, 20'000), "latency")->firing()) << "18 us are no matter";
}

TEST(Judgement, OtherInputsCannotBeCompared) {
  Trial trial = unlabelled();
  for (int i = 0; i < 100; ++i)
    trial.after.add({.output = Tensor::of<float>({1, 2}, {1, 0})}, {.status = invalid("")}, 1);
  trial.over = true;
  expect_judged(trial, Verdict::unknown, "takes other inputs than version 1");
}

TEST(Judgement, NumbersFarApartAreProof) {
  for (const auto& [scale, verdict] : {std::pair(1.02f, Verdict::equal), std::pair(-1.f, Verdict::worse)}) {
    Trial trial = unlabelled();
    for (int i = 0; i < 300; ++i) {
      const float y = static_cast<float>(i % 40) * 10 - 195;
      trial.before.add({.output = Tensor::of<float>({1, 1}, {y})}, {.output = Tensor::of<float>({1, 1}, {y * scale})},
                       1);
    }
    EXPECT_EQ(judge(trial, limits()).verdict, verdict);
  }
}

TEST(Judgement, OfNumbersWithTruthIsOfTheVarianceExplained) {
  Trial trial = unlabelled();
  for (int i = 0; i < 400; ++i) {
    const float truth = static_cast<float>(i % 40) * 10;
    const float off = i % 2 == 0 ? 60.f : -60.f;
    trial.holdout.add({.output = Tensor::of<float>({1, 1}, {truth + off / 10})},
                      {.output = Tensor::of<float>({1, 1}, {truth + off})}, 1, Tensor::of<float>({1}, {truth}));
  }
  expect_judged(trial, Verdict::worse, "explains 73.1 % of the variance, version 1 99.7 %");
}

// Twenty labelled examples prove nothing, but a version that is right where the one before was wrong answers otherwise
// for a good reason.
TEST(Judgement, FarApartIsNoProofWhereAFewLabelsSpeakForTheVersion) {
  const Tensor sure[] = {Tensor::of<float>({1, 2}, {0.95f, 0.05f}), Tensor::of<float>({1, 2}, {0.05f, 0.95f})};
  for (const bool better : {true, false}) {
    Trial numbers = unlabelled(), classes = unlabelled();
    for (int i = 0; i < 320; ++i) {
      const float truth = static_cast<float>(i % 40) * 10 - 195;
      const bool labelled = i < 20;
      const Tensor right = Tensor::of<float>({1, 1}, {truth}), wrong = Tensor::of<float>({1, 1}, {-truth});
      (labelled ? numbers.holdout : numbers.after)
          .add({.output = better ? wrong : right}, {.output = better ? right : wrong}, 1,
               labelled ? Tensor::of<float>({1}, {truth}) : Tensor());
      const int64_t meant = i % 2, other = 1 - meant;
      (labelled ? classes.holdout : classes.after)
          .add({.output = sure[better ? other : meant]}, {.output = sure[better ? meant : other]}, 1,
               labelled ? Tensor::of<int64_t>({1}, {meant}) : Tensor());
    }
    expect_judged(numbers, better ? Verdict::gathering : Verdict::worse, "");
    expect_judged(classes, better ? Verdict::gathering : Verdict::worse, "");
    if (!better) continue;
    numbers.over = classes.over = true;
    expect_judged(numbers, Verdict::unknown, "explains 100.0 % of the variance");
    expect_judged(classes, Verdict::unknown, "right on 100.0 % of 20 labelled examples, version 1 on 0.0 %");
  }
}

// A sigmoid for each class instead of a softmax over all: the same classes, and no distribution any more.
TEST(Judgement, AnotherWayToSayHowSureOneIsIsNoLostConfidence) {
  for (const bool labelled : {false, true}) {
    Trial trial = unlabelled();
    Comparison& c = labelled ? trial.holdout : trial.before;
    for (int64_t i = 0; i < 600; ++i) {
      std::vector<float> softmax(3, 0.01f), sigmoid(3, 0.2f);
      softmax[static_cast<size_t>(i % 3)] = 0.98f;
      sigmoid[static_cast<size_t>(i % 3)] = 0.97f;
      c.add({.output = Tensor::of<float>({1, 3}, softmax), .took_ns = 20'000},
            {.output = Tensor::of<float>({1, 3}, sigmoid), .took_ns = 20'000}, 1,
            labelled ? Tensor::of<int64_t>({1}, {i % 3}) : Tensor());
    }
    const Judgement j = judge(trial, limits());
    EXPECT_EQ(j.verdict, labelled ? Verdict::equal : Verdict::unknown) << j.summary;
  }
}

// Answers that are drawn at random: a version differs from itself as it does from another one.
TEST(Judgement, DifferencesFromAVersionThatDiffersFromItselfAreNoProof) {
  auto trial_of = [](auto answer) {
    Trial trial = unlabelled();
    for (int i = 0; i < 600; ++i) {
      const Given first{.output = answer(3 * i)}, again{.output = answer(3 * i + 1)}, now{.output = answer(3 * i + 2)};
      trial.before.add(first, now, 1);
      if (i < 200) trial.again.add(first, again, 1);
    }
    return trial;
  };
  const Trial numbers = trial_of([](int i) {
    return Tensor::of<float>({1, 1}, {static_cast<float>(i * 7919 % 1000)});
  });
  const Trial classes = trial_of([](int i) {
    std::vector<float> y(4, 0.01f);
    y[static_cast<size_t>(i * 7919 % 101 % 4)] = 0.97f;
    return Tensor::of<float>({1, 4}, y);
  });
  for (Trial trial : {numbers, classes}) {
    const Judgement j = judge(trial, limits());
    EXPECT_EQ(j.verdict, Verdict::unknown) << j.summary;
    EXPECT_THAT(j.summary, HasSubstr("version 1 gives other answers when it is asked again"));
    trial.again = {};
    EXPECT_EQ(judge(trial, limits()).verdict, Verdict::worse) << "if it had repeated itself";
  }
}

TEST(Judgement, SurvivesJson) {
  Trial trial = unlabelled();
  ask(trial.after, 100, 1000);
  trial.over = true;
  const Judgement j = judge(trial, limits());
  const Judgement copy = Judgement::from_json(Json::parse(j.to_json().dump()).value()).value();
  EXPECT_EQ(copy.to_json().dump(), j.to_json().dump());
  EXPECT_TRUE(copy.final);
  EXPECT_FALSE(Judgement::from_json(Json::object({{"verdict", "fine"}})).ok());
}

}  // namespace
}  // namespace slipway
