// Windows: what is counted, what is recent, what is sampled.
#include "monitor/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/world.h"

namespace slipway {
namespace {

constexpr int64_t kSecond = 1'000'000;

TEST(Recorder, CountsExactly) {
  World world(1);
  Recorder recorder({}, world.baseline());
  int64_t now = kSecond;
  for (int i = 0; i < 300; ++i) recorder.observe(world.observe(1, now += 1000, 3, {.fault = i % 10 == 0 ? 1.0 : 0.0}));
  Window total = recorder.total();
  EXPECT_EQ(total.requests, 300);
  EXPECT_EQ(total.count(Code::internal), 30);
  EXPECT_EQ(total.faults(), 30);
  EXPECT_EQ(total.rows, 270 * 3);
  EXPECT_EQ(total.classes.total(), 270 * 3);
  EXPECT_EQ(total.confidence.count(), 270 * 3);
  EXPECT_NEAR(total.compute.quantile(0.5), 300e-6, 20e-6);
  EXPECT_NEAR(total.inputs.estimate(), 810, 810 * 0.13);
}

TEST(Recorder, RecentHoldsTheNewestRowsOnly) {
  World world(2);
  Recorder recorder({}, world.baseline());
  int64_t now = kSecond;
  for (int i = 0; i < 2000; ++i) recorder.observe(world.observe(1, now += 1000));
  for (int i = 0; i < 600; ++i) recorder.observe(world.observe(1, now += 1000, 1, {.collapsed = 2}));
  Window recent = recorder.recent(now);
  EXPECT_GE(recent.rows, 400);
  EXPECT_LT(recent.rows, 600);
  EXPECT_EQ(recent.classes.count(2), recent.rows);
  EXPECT_EQ(recent.features.rows(), recent.rows);
  EXPECT_GT(recorder.older(now).rows, 1500);
  EXPECT_EQ(recorder.recent(now + 400 * kSecond).rows, 0);
}

TEST(Recorder, BadRowsAreCountedApart) {
  World world(3);
  Recorder recorder({}, world.baseline());
  Observation o = world.observe(1, kSecond, 4, {.nan_output = 1});
  recorder.observe(o);
  o.input = o.input.clone();
  o.input.mutable_data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  recorder.observe(o);
  Window total = recorder.total();
  EXPECT_EQ(total.invalid_inputs, 1);
  EXPECT_EQ(total.invalid_outputs, 4 + 3);
  EXPECT_EQ(total.classes.total(), 0);
}

TEST(Recorder, ToleratesMissingAndOddTensors) {
  World world(4);
  Recorder recorder({}, world.baseline());
  Observation o = world.observe(1, kSecond, 2);
  o.output = Tensor();
  recorder.observe(o);
  o.input = Tensor::of<std::string>({2}, {"a", "b"});
  recorder.observe(o);
  o.input = Tensor::of<int64_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  recorder.observe(o);
  o.input = Tensor::of<float>({5}, {1, 2, 3, 4, 5});
  recorder.observe(o);
  o.rows = 0;
  recorder.observe(o);
  EXPECT_EQ(recorder.total().requests, 5);
  EXPECT_EQ(recorder.total().row_mean.count(), 4);
}

TEST(Recorder, SamplesFeaturesUnderLoadAndCountsTheRest) {
  World world(5);
  Recorder recorder({.sampled_rows = 64}, world.baseline());
  for (int i = 0; i < 500; ++i) recorder.observe(world.observe(1, kSecond + i, 8));
  Window recent = recorder.recent(kSecond + 500);
  EXPECT_EQ(recent.rows, 4000);
  EXPECT_EQ(recent.row_mean.count(), 4000);
  EXPECT_LT(recent.features.rows(), 320);
  EXPECT_GE(recent.features.rows(), 64);
}

TEST(Recorder, RestartForgetsWindowsAndKeepsTotals) {
  World world(6);
  Recorder recorder({}, world.baseline());
  for (int i = 0; i < 500; ++i) recorder.observe(world.observe(1, kSecond + i * 1000));
  EXPECT_GT(recorder.recent(2 * kSecond).rows, 0);
  recorder.restart();
  EXPECT_EQ(recorder.recent(2 * kSecond).rows, 0);
  EXPECT_EQ(recorder.take_pending().rows, 500);
  EXPECT_EQ(recorder.total().rows, 500);
}

TEST(Window, SurvivesJson) {
  World world(7);
  Recorder recorder({}, world.baseline());
  for (int i = 0; i < 200; ++i) recorder.observe(world.observe(1, kSecond + i * 1000));
  Window total = recorder.total();
  auto copy = Window::from_json(Json::parse(total.to_json().dump()).value());
  ASSERT_TRUE(copy.ok()) << copy.status().to_string();
  EXPECT_EQ(copy->to_json().dump(), total.to_json().dump());
  EXPECT_FALSE(Window::from_json(Json::object()).ok());
}

}  // namespace
}  // namespace slipway
