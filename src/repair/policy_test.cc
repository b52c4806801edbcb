// Policies: reading them, and what they decide.
#include "repair/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repair/remedies/all.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;
using What = Decision::What;

constexpr int64_t kSecond = 1'000'000;

TEST(Policy, RollbackActsByItselfAndRetrainingIsProposed) {
  Policy policy;
  EXPECT_TRUE(policy.of("rollback").automatic);
  EXPECT_FALSE(policy.of("propose_retrain").automatic);
  for (const Remedy* r : all_remedies()) {
    EXPECT_NE(std::string(r->doc), "");
    EXPECT_EQ(find_remedy(r->name), r);
  }
}

TEST(Policy, IsReadFromToml) {
  auto policy = Policy::parse("[rollback]\nautomatic = false\nmin_confidence = 0.95\nverify_rows = 7\n", "policy.toml");
  ASSERT_TRUE(policy.ok()) << policy.status().to_string();
  EXPECT_FALSE(policy->of("rollback").automatic);
  EXPECT_EQ(policy->of("rollback").min_confidence, 0.95);
  EXPECT_EQ(policy->of("rollback").verify_rows, 7);
  EXPECT_EQ(policy->of("rollback").cooldown_s, 300);
  auto again = Policy::parse(policy->to_toml(), "x");
  ASSERT_TRUE(again.ok()) << again.status().to_string();
  EXPECT_EQ(again->to_toml(), policy->to_toml());
}

struct Wrong {
  const char* text;
  const char* message;
};

TEST(Policy, SaysWhereItIsWrong) {
  const Wrong wrongs[] = {
      {"[rolback]\n", "p.toml:1: there is no remedy \"rolback\"; did you mean rollback?"},
      {"[rollback]\n\nautomatc = true", "p.toml:3: rollback.automatc is not known; did you mean automatic?"},
      {"[rollback]\nautomatic = 1", "p.toml:2: rollback.automatic must be true or false"},
      {"[rollback]\nproof = 1", "p.toml:2: rollback.proof must be true or false"},
      {"[rollback]\nmin_confidence = 3", "p.toml:2: rollback.min_confidence must be a number in [0, 1]"},
      {"[rollback]\nverify_rows = 0", "p.toml:2: rollback.verify_rows must be an integer of at least 1"},
      {"rollback = 3", "p.toml:1: expected a table [rollback]"},
      {"[rollback\n", "p.toml:1: "},
  };
  for (const Wrong& w : wrongs) {
    auto policy = Policy::parse(w.text, "p.toml");
    EXPECT_EQ(policy.status().code(), Code::invalid_argument) << w.text;
    EXPECT_THAT(policy.status().message(), HasSubstr(w.message));
  }
}

TEST(Decide, Table) {
  struct Row {
    const char* name;
    bool automatic;
    double confidence;
    RemedyHistory history;
    What expected;
    bool needs_proof = false;
    bool proved = false;
  };
  const Row rows[] = {
      {"sure and confirmed", true, 0.9, {.confirmations = 2}, What::act},
      {"seen once", true, 0.9, {.confirmations = 1}, What::nothing},
      {"not sure", true, 0.7, {.confirmations = 5}, What::nothing},
      {"under way", true, 0.9, {.confirmations = 2, .open = true}, What::nothing},
      {"cooling down", true, 0.9, {.confirmations = 2, .last_end_us = 900 * kSecond}, What::nothing},
      {"cooled down", true, 0.9, {.confirmations = 2, .last_end_us = 600 * kSecond}, What::act},
      {"too often", true, 0.9, {.confirmations = 2, .acted_last_hour = 3}, What::propose},
      {"a person decides", false, 0.9, {.confirmations = 2}, What::propose},
      {"a person refused", true, 0.9, {.confirmations = 2, .refused = true}, What::nothing},
      {"a person decided", true, 0.9, {.confirmations = 2, .trusted = true}, What::propose},
      {"likely, not proved", true, 0.9, {.confirmations = 2}, What::propose, true, false},
      {"proved", true, 0.9, {.confirmations = 2}, What::act, true, true},
  };
  for (const Row& row : rows) {
    RemedyPolicy policy{.automatic = row.automatic, .proof = row.needs_proof, .min_confidence = 0.8};
    Cause cause{.confidence = row.confidence, .proved = row.proved};
    EXPECT_EQ(static_cast<int>(decide(policy, cause, row.history, 1000 * kSecond).what), static_cast<int>(row.expected))
        << row.name;
  }
}

}  // namespace
}  // namespace slipway
