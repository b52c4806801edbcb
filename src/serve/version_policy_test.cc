// The version policy as literal cases; names follow the promises of TensorFlow Serving's policy tests.
#include "serve/version_policy.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

constexpr VersionState kAvailable = VersionState::available;
constexpr VersionState kLoading = VersionState::loading;
constexpr VersionState kEnd = VersionState::end;

HeldVersion failed(int64_t version, int failures = 1, int64_t retry_at = 100) {
  return {version, kEnd, failures, retry_at};
}

VersionPlan plan(const PublishedModel& published, const std::vector<HeldVersion>& held, int64_t serving,
                 int64_t now = 0) {
  return plan_versions(published, held, serving, now);
}

TEST(VersionPolicy, LoadsProductionFirstThenThePreviousThenTheLatest) {
  PublishedModel model{.versions = {1, 2, 3, 4}, .production = 3, .history = {1, 2}, .rejected = {}};
  EXPECT_EQ(plan(model, {}, 0), (VersionPlan{.serve = 0, .unload = {}, .load = {3, 2, 4}}));
}

TEST(VersionPolicy, ANewProductionVersionLoadsWhileTheOldOneServes) {
  PublishedModel model{.versions = {1, 2}, .production = 2, .history = {1}, .rejected = {}};
  EXPECT_EQ(plan(model, {{1, kAvailable}}, 1), (VersionPlan{.serve = 1, .unload = {}, .load = {2}}));
  EXPECT_EQ(plan(model, {{1, kAvailable}, {2, kLoading}}, 1), (VersionPlan{.serve = 1, .unload = {}, .load = {}}));
  EXPECT_EQ(plan(model, {{1, kAvailable}, {2, kAvailable}}, 1), (VersionPlan{.serve = 2, .unload = {}, .load = {}}));
}

TEST(VersionPolicy, UnloadsWhatIsNeitherProductionNorPreviousNorLatest) {
  PublishedModel model{.versions = {1, 2, 3}, .production = 3, .history = {1, 2}, .rejected = {}};
  EXPECT_EQ(plan(model, {{1, kAvailable}, {2, kAvailable}, {3, kAvailable}}, 3),
            (VersionPlan{.serve = 3, .unload = {1}, .load = {}}));
}

TEST(VersionPolicy, DoesNotUnloadWhatServesWhenTheNewOneFails) {
  PublishedModel model{.versions = {1, 2, 3}, .production = 3, .history = {1, 2}, .rejected = {}};
  // Version 2 serves; 3 failed: nothing is unloaded but 1, which nobody needs.
  EXPECT_EQ(plan(model, {{1, kAvailable}, {2, kAvailable}, failed(3)}, 2),
            (VersionPlan{.serve = 2, .unload = {1}, .load = {}}));
  // Only 1 is left: it serves although it is not the previous one.
  EXPECT_EQ(plan(model, {{1, kAvailable}, failed(2), failed(3)}, 1),
            (VersionPlan{.serve = 1, .unload = {}, .load = {}}));
}

TEST(VersionPolicy, TriesAFailedLoadAgainAfterAPauseButNotForever) {
  PublishedModel model{.versions = {1}, .production = 1, .history = {}, .rejected = {}};
  EXPECT_TRUE(plan(model, {failed(1, 1, 100)}, 0, 99).load.empty());
  EXPECT_EQ(plan(model, {failed(1, 1, 100)}, 0, 100).load, std::vector<int64_t>{1});
  EXPECT_TRUE(plan(model, {failed(1, kMaxLoadAttempts, 100)}, 0, 1000).load.empty());
  EXPECT_EQ(retry_pause_ns(1), 1'000'000'000);
  EXPECT_EQ(retry_pause_ns(3), 4'000'000'000);
}

TEST(VersionPolicy, ARollbackServesThePreviousVersionAtOnce) {
  PublishedModel model{.versions = {1, 2}, .production = 1, .history = {}, .rejected = {2}};
  EXPECT_EQ(plan(model, {{1, kAvailable}, {2, kAvailable}}, 2), (VersionPlan{.serve = 1, .unload = {2}, .load = {}}));
}

TEST(VersionPolicy, ARollbackToAnUnloadedVersionKeepsTheRejectedOneUntilItIsThere) {
  PublishedModel model{.versions = {1, 2}, .production = 1, .history = {}, .rejected = {2}};
  EXPECT_EQ(plan(model, {{2, kAvailable}}, 2), (VersionPlan{.serve = 2, .unload = {}, .load = {1}}));
}

TEST(VersionPolicy, WithoutProductionTheLatestServes) {
  PublishedModel model{.versions = {1, 2}, .production = 0, .history = {}, .rejected = {}};
  EXPECT_EQ(plan(model, {}, 0).load, std::vector<int64_t>{2});
  EXPECT_EQ(plan(model, {{2, kAvailable}}, 0).serve, 2);
}

TEST(VersionPolicy, ACandidateThatIsNotProductionIsLoadedButNotServedByDefault) {
  PublishedModel model{.versions = {1, 2}, .production = 1, .history = {}, .rejected = {}};
  EXPECT_EQ(plan(model, {{1, kAvailable}, {2, kAvailable}}, 1), (VersionPlan{.serve = 1, .unload = {}, .load = {}}));
}

TEST(VersionPolicy, APreviousVersionThatFailsGivesWayToTheOneBeforeIt) {
  PublishedModel model{.versions = {1, 2, 3}, .production = 3, .history = {1, 2}, .rejected = {}};
  EXPECT_EQ(plan(model, {failed(2), failed(3)}, 0).load, std::vector<int64_t>{1});
}

TEST(VersionPolicy, AnUnloadedVersionThatIsWantedAgainIsLoadedAgain) {
  PublishedModel model{.versions = {1, 2}, .production = 1, .history = {2}, .rejected = {}};
  EXPECT_EQ(plan(model, {{1, kEnd}, {2, kAvailable}}, 2), (VersionPlan{.serve = 2, .unload = {}, .load = {1}}));
}

TEST(VersionPolicy, WhatWasDeletedIsServedNoMore) {
  // A version of the past, the one that serves, and all of them.
  PublishedModel model{.versions = {2, 3}, .production = 3, .history = {1, 2}, .rejected = {}};
  EXPECT_EQ(plan(model, {{1, kAvailable}, {2, kAvailable}, {3, kAvailable}}, 3),
            (VersionPlan{.serve = 3, .unload = {1}, .load = {}}));
  model = {.versions = {1, 2, 3}, .production = 3, .history = {1, 2}, .rejected = {}, .missing = {3}};
  EXPECT_EQ(plan(model, {{2, kAvailable}, {3, kAvailable}}, 3), (VersionPlan{.serve = 2, .unload = {3}, .load = {}}));
  EXPECT_EQ(plan(model, {}, 0).load, (std::vector<int64_t>{3, 2})) << "somebody says why it is not served";
  EXPECT_EQ(plan({}, {{1, kAvailable}, {2, kAvailable}}, 2), (VersionPlan{.serve = 0, .unload = {1, 2}, .load = {}}));
}

}  // namespace
}  // namespace slipway
