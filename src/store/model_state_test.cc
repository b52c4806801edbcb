// Promotion and rollback as tables of states.
#include "store/model_state.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

std::string text(const ModelState& state) { return to_json(state).dump(); }

TEST(ModelState, PromotionMovesTheOldProductionIntoTheHistory) {
  ModelState state;
  state = promoted(state, 1);
  EXPECT_EQ(text(state), R"({"production":1,"history":[],"rejected":{},"highest":0})");
  state = promoted(state, 2);
  state = promoted(state, 3);
  EXPECT_EQ(text(state), R"({"production":3,"history":[1,2],"rejected":{},"highest":0})");
  state = promoted(state, 1);
  EXPECT_EQ(text(state), R"({"production":1,"history":[2,3],"rejected":{},"highest":0})");
  state = promoted(state, 1);
  EXPECT_EQ(text(state), R"({"production":1,"history":[2,3],"rejected":{},"highest":0})");
}

TEST(ModelState, RollbackRejectsAndNeverReturnsToWhatWasRejected) {
  ModelState state{.production = 4, .history = {1, 2, 3}};
  EXPECT_EQ(rollback_candidates(state), (std::vector<int64_t>{3, 2, 1}));
  state = rolled_back(state, 3, "error rate");
  EXPECT_EQ(text(state), R"({"production":3,"history":[1,2,4],"rejected":{"4":"error rate"},"highest":0})");
  EXPECT_EQ(rollback_candidates(state), (std::vector<int64_t>{2, 1}));
  state = rolled_back(state, 2, "drift");
  EXPECT_EQ(rollback_candidates(state), (std::vector<int64_t>{1}));
  state = rolled_back(state, 1, "latency");
  EXPECT_TRUE(rollback_candidates(state).empty());
}

TEST(ModelState, PromotionForgetsTheRejectionAndTrustsTheVersion) {
  ModelState state{.production = 1, .history = {2}, .rejected = {{2, "drift"}}};
  state = promoted(state, 2);
  EXPECT_EQ(text(state), R"({"production":2,"history":[1],"rejected":{},"highest":0,"trusted":[2]})");
  EXPECT_TRUE(promoted(state, 3).trusted.contains(2));
  EXPECT_TRUE(rolled_back(state, 1, "drift again").trusted.empty());
}

TEST(ModelState, WhatWasReplacedIsTheEndOfTheHistoryUnlessRejected) {
  EXPECT_EQ(predecessor({.production = 3, .history = {1, 2}}), 2);
  EXPECT_EQ(predecessor({.production = 1, .history = {2}, .rejected = {{2, "drift"}}}), 0);
  EXPECT_EQ(predecessor({.production = 1}), 0);
}

TEST(ModelState, JsonRoundTripAndErrors) {
  ModelState state{.production = 3,
                   .history = {1, 2},
                   .rejected = {{4, "bad \"labels\""}},
                   .highest = 9,
                   .since_us = 17,
                   .trusted = {2}};
  Result<Json> json = Json::parse(text(state));
  ASSERT_TRUE(json.ok());
  Result<ModelState> back = model_state_from_json(*json);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(text(*back), text(state));

  const std::pair<const char*, const char*> table[] = {
      {R"({})", "expected a member \"production\"; it is missing"},
      {R"({"production":-1})", "\"production\": expected version numbers, found -1"},
      {R"({"production":1,"highest":1,"history":["2"]})", "\"history\": expected version numbers, found \"2\""},
      {R"({"production":1,"highest":1,"history":[],"rejected":{"x":""}})",
       "\"rejected\": expected version numbers, found \"x\""},
  };
  for (const auto& [bad, message] : table) {
    EXPECT_EQ(model_state_from_json(*Json::parse(bad)).status().message(), message);
  }
}

}  // namespace
}  // namespace slipway
