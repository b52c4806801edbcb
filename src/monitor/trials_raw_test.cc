// Two versions that prepare raw data otherwise are asked the same raw data.
#include "monitor/trials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using ::testing::HasSubstr;
using Verdict = Judgement::Verdict;

constexpr const char* kModel = "fraud";
constexpr int64_t kRows = 400;

// Row i is of category "a" or "b", and that is its class.
NamedRows categories(int64_t begin, int64_t count) {
  Tensor text(DType::string, {count});
  for (int64_t i = 0; i < count; ++i) {
    text.mutable_data<std::string>()[static_cast<size_t>(i)] = (begin + i) % 3 == 0 ? "b" : "a";
  }
  return {.names = {"category"}, .values = {text}};
}

// One-hot, the categories in the order in which this preparation learned them.
Tensor one_hot(const NamedRows& rows, bool b_first) {
  const int64_t n = rows.values[0].dim(0);
  Tensor x(DType::f32, {n, 2});
  for (int64_t i = 0; i < n; ++i) {
    const bool b = rows.values[0].data<std::string>()[static_cast<size_t>(i)] == "b";
    x.mutable_data<float>()[static_cast<size_t>(2 * i + (b != b_first ? 1 : 0))] = 1;
  }
  return x;
}

// A version that is right about what it prepares, or wrong for a third of the rows.
Contender version(int64_t number, bool b_first, bool sick = false) {
  Contender c{.version = number, .ask = {}, .preparation = b_first ? 2u : 1u, .classes = {"a", "b"}};
  c.ask = [b_first, sick](std::span<const Tensor> inputs) -> Result<std::vector<Tensor>> {
    Tensor y = inputs[0].clone();
    std::span<float> p = y.mutable_data<float>();
    for (size_t i = 0; i + 1 < p.size(); i += 2) {
      if (b_first != (sick && p[i] == 1)) std::swap(p[i], p[i + 1]);
    }
    return std::vector<Tensor>{y};
  };
  c.prepare = [b_first](const NamedRows& rows) -> Result<std::vector<Tensor>> {
    return std::vector<Tensor>{one_hot(rows, b_first)};
  };
  return c;
}

// Examples that came with version 1.
std::shared_ptr<const Holdout> examples(bool raw) {
  auto holdout = std::make_shared<Holdout>();
  const NamedRows rows = categories(0, kRows);
  holdout->inputs = {one_hot(rows, false)};
  holdout->labels = Tensor(DType::i64, {kRows});
  for (int64_t i = 0; i < kRows; ++i) holdout->labels.mutable_data<int64_t>()[static_cast<size_t>(i)] = i % 3 == 0;
  holdout->classes = {"a", "b"};
  if (raw) holdout->raw = rows;
  return holdout;
}

// A request of one row to version 1.
Observation request(int64_t i, bool raw) {
  const NamedRows row = categories(i, 1);
  Observation o{.model = kModel, .version = 1, .time_us = i, .rows = 1, .preparation = 1};
  o.input = one_hot(row, false);
  o.output = o.input;
  if (raw) o.raw = std::make_shared<const NamedRows>(row);
  return o;
}

Judgement outcome(const Contender& now, std::shared_ptr<const Holdout> holdout, bool raw_requests) {
  ManualClock clock;
  auto monitor = Monitor::create({}, clock).value();
  Trials trials(*monitor, clock);
  for (int64_t i = 0; i < 8; ++i) trials.observe(request(i, raw_requests));
  trials.begin(kModel, version(1, false), now, std::move(holdout));
  while (trials.step()) {
  }
  const auto judgement = monitor->judgement(kModel, now.version);
  return judgement ? *judgement : Judgement{};
}

TEST(Trials, AVersionThatLearnedItsCategoriesInAnotherOrderIsNoWorse) {
  const Judgement j = outcome(version(2, true), examples(true), true);
  EXPECT_EQ(j.verdict, Verdict::equal);
  EXPECT_THAT(j.summary, HasSubstr("right on 100.0 % of 400 labelled examples"));
}

TEST(Trials, AWorseVersionThatPreparesOtherwiseIsProvedWorse) {
  EXPECT_EQ(outcome(version(2, true, true), examples(true), true).verdict, Verdict::worse);
}

TEST(Trials, TensorsMeanNothingToAVersionThatPreparesOtherwise) {
  const Judgement j = outcome(version(2, true), examples(false), false);
  EXPECT_NE(j.verdict, Verdict::worse) << j.summary;
  EXPECT_THAT(j.summary, HasSubstr("prepares them otherwise, so there is nothing to compare"));
}

TEST(Trials, OneThatPreparesNothingIsAskedWhatTheOtherPrepares) {
  Contender bare = version(2, false), sick = version(2, false, true);
  for (Contender* c : {&bare, &sick}) {
    c->prepare = nullptr;
    c->preparation = 0;
  }
  for (bool raw : {false, true}) {
    EXPECT_EQ(outcome(bare, examples(false), raw).verdict, Verdict::equal);
    EXPECT_EQ(outcome(sick, examples(false), raw).verdict, Verdict::worse);
  }
}

}  // namespace
}  // namespace slipway
