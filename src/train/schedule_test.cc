// Schedules: factors by step, and what is said of mistakes.
#include "train/schedule.h"

#include <gtest/gtest.h>

namespace slipway::train {
namespace {

struct Row {
  Schedule schedule;
  int64_t step;
  double factor;
};

TEST(Schedule, FactorsByStep) {
  Schedule warm_cosine = CosineDecay(0.1, 4), restarts = CosineDecayRestarts(10, 2, 0.5);
  Schedule steps = {.type = "polynomial", .end = 0.2, .decay_steps = 50, .power = 2};
  Schedule piecewise = PiecewiseConstantDecay({10, 20}, {1, 0.5, 0.1});
  const Row rows[] = {
      {{}, 50, 1},
      {{.type = "constant", .warmup_steps = 3}, 0, 0.25},
      {{.type = "constant", .warmup_steps = 3}, 3, 1},
      {{.type = "linear"}, 0, 1},
      {{.type = "linear"}, 52, 0.5},
      {warm_cosine, 0, 0.2},
      {warm_cosine, 4, 1},
      {warm_cosine, 54, 0.55},
      {restarts, 0, 1},
      {restarts, 5, 0.5},
      {restarts, 10, 0.5},   // the second cycle begins at half the height …
      {restarts, 20, 0.25},  // … and lasts twice as long
      {restarts, 30, 0.25},
      {StepDecay(10, 0.5), 9, 1},
      {StepDecay(10, 0.5), 25, 0.25},
      {ExponentialDecay(10, 0.25), 5, 0.5},
      {steps, 25, 0.2 + 0.8 * 0.25},
      {steps, 70, 0.2},
      {OneCycle(0.3), 0, 1.0 / 25},
      {OneCycle(0.5), 103, 1.0 / 25 / 1e4},
      {piecewise, 10, 1},
      {piecewise, 11, 0.5},
      {piecewise, 50, 0.1},
  };
  for (const Row& row : rows) {
    ASSERT_TRUE(check(row.schedule).ok()) << check(row.schedule).message();
    EXPECT_NEAR(schedule_factor(row.schedule, row.step, 104), row.factor, 1e-9) << row.schedule.type << " " << row.step;
  }
}

TEST(Schedule, OneCycleRisesToOneAndFalls) {
  Schedule s = OneCycle(0.25);
  double most = 0, last = 1;
  for (int64_t step = 0; step < 101; ++step) {
    double factor = schedule_factor(s, step, 101);
    most = std::max(most, factor);
    if (step > 25) {
      EXPECT_LT(factor, last);
    }
    last = factor;
  }
  EXPECT_DOUBLE_EQ(most, 1);
}

TEST(Schedule, SaysWhatIsWrong) {
  auto message = [](const Schedule& s) { return check(s).message(); };
  EXPECT_NE(message({.type = "cosin"}).find("did you mean cosine?"), std::string::npos);
  EXPECT_NE(message({.type = "linear", .end = -1}).find("end is -1"), std::string::npos);
  EXPECT_NE(message(PiecewiseConstantDecay({5}, {1})).find("one value more"), std::string::npos);
  EXPECT_NE(message(PiecewiseConstantDecay({5, 2}, {1, 1, 1})).find("must rise"), std::string::npos);
}

// A run may grow only where the rate does not depend on its length.
TEST(Schedule, FingerprintsKnowTheLength) {
  EXPECT_EQ(fingerprint(Schedule(), 3), fingerprint(Schedule(), 5));
  EXPECT_NE(fingerprint(CosineDecay(), 3), fingerprint(CosineDecay(), 5));
  EXPECT_EQ(fingerprint(StepDecay(10), 3), fingerprint(StepDecay(10), 5));
  EXPECT_NE(fingerprint(StepDecay(10), 3), fingerprint(StepDecay(20), 3));
}

}  // namespace
}  // namespace slipway::train
