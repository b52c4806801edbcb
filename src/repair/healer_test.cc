// The whole of it: answers, alarms, diagnosis, remedy, recovery; with a store that is a number.
#include "repair/healer.h"

#include <sys/resource.h>

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/file.h"
#include "repair/report.h"
#include "repair/store_actions.h"
#include "support/world.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FakeActions final : public Actions {
 public:
  Result<int64_t> roll_back(const std::string&, int64_t version, const std::string& reason) override {
    ++calls;
    this->reason = reason;
    if (version != production) return failed_precondition("not production");
    if (broken) return unavailable("the disk is full");
    return production = good;
  }
  Status restore(const std::string&, int64_t version, int64_t instead) override {
    EXPECT_EQ(instead, production);
    production = version;
    return {};
  }
  std::string recipe(const std::string&, int64_t) override { return "[model]"; }

  int calls = 0;
  int64_t production = 2;
  int64_t good = 1;
  bool broken = false;
  std::string reason;
};

// There is one stream of answers here, and so no proof by a second version (deployments_test.cc has that).
constexpr const char* kLikelihoodIsEnough = "[rollback]\nproof = false\n";

class HealerTest : public ::testing::Test {
 protected:
  void start(std::filesystem::path journal = {}, const std::string& policy = kLikelihoodIsEnough) {
    healer_.reset();
    monitor_ = Monitor::create({.journal = std::move(journal)}, clock_).value();
    for (int64_t version : {1, 2, 3}) monitor_->set_baseline("digits", version, baseline_);
    healer_ = Healer::create(*monitor_, actions_, Policy::parse(policy, "policy.toml").value()).value();
    healer_->add_sink([this](const Repair& r) { log_ += log_line(r) + "\n"; });
  }
  void answer(int64_t version, int count, const Trouble& trouble = {}) {
    for (int i = 0; i < count; ++i) {
      clock_.advance_us(2000);
      std::vector<Observation> batch;
      batch.push_back(world_.observe(version, clock_.now_us(), 1, trouble));
      monitor_->observe(std::move(batch));
      if (i % 100 == 99) step();
    }
  }
  void step() {
    ASSERT_TRUE(monitor_->tick().ok());
    ASSERT_TRUE(healer_->step(clock_.now_us()).ok());
  }
  Repair::State state(size_t i) const { return healer_->repairs().at(i).state; }

  World world_{77};
  std::shared_ptr<const Baseline> baseline_ = world_.baseline();
  ManualClock clock_{1'700'000'000'000'000};
  FakeActions actions_;
  std::unique_ptr<Monitor> monitor_;
  std::unique_ptr<Healer> healer_;
  std::string log_;
};

struct Sickness {
  const char* name;
  Trouble trouble;
};
class SickVersion : public HealerTest, public ::testing::WithParamInterface<Sickness> {};

TEST_P(SickVersion, IsRolledBackWithinFiveHundredAnswersAndClosedWhenWell) {
  start();
  answer(1, 1500);
  answer(2, 500, GetParam().trouble);
  EXPECT_EQ(actions_.calls, 1) << doctor_report(healer_->to_json()).value();
  ASSERT_EQ(healer_->repairs().size(), 1u);
  EXPECT_EQ(state(0), Repair::State::verifying);
  answer(1, 100);
  EXPECT_EQ(state(0), Repair::State::verifying) << "closed before enough fresh answers";
  answer(1, 300);
  EXPECT_EQ(state(0), Repair::State::closed);
  EXPECT_TRUE(monitor_->active_alarms().empty());
  EXPECT_TRUE(healer_->diagnosis().causes.empty());
  EXPECT_THAT(log_, HasSubstr("repair 1 rollback model=digits version=2 closed: the symptom is gone"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, SickVersion,
                         ::testing::Values(Sickness{"collapsed", {.collapsed = 3}},
                                           Sickness{"random", {.random_class = 1}},
                                           Sickness{"unsure", {.confidence = 0.5f}},
                                           Sickness{"nan", {.nan_output = 0.5}}, Sickness{"failing", {.fault = 0.5}},
                                           Sickness{"slow", {.compute_us = 20000}}),
                         [](const auto& info) { return std::string(info.param.name); });

struct Shift {
  const char* name;
  Trouble trouble;
};
class ShiftedInput : public HealerTest, public ::testing::WithParamInterface<Shift> {};

TEST_P(ShiftedInput, IsNamedAndNeverRolledBack) {
  start();
  answer(1, 1500);
  answer(2, 1000);
  answer(2, 3000, GetParam().trouble);
  EXPECT_EQ(actions_.calls, 0);
  const Diagnosis diagnosis = healer_->diagnosis();
  ASSERT_FALSE(diagnosis.causes.empty());
  EXPECT_EQ(diagnosis.causes[0].kind, CauseKind::shifted_input);
  EXPECT_THAT(diagnosis.causes[0].features[0], HasSubstr("x["));
  ASSERT_EQ(healer_->repairs().size(), 1u);
  EXPECT_EQ(healer_->repairs()[0].remedy, "propose_retrain");
  EXPECT_EQ(state(0), Repair::State::proposed);
  EXPECT_THAT(healer_->repairs()[0].proposal, HasSubstr("slipway train STORE/digits/2/recipe.toml"));
  answer(2, 8000);
  EXPECT_EQ(state(0), Repair::State::closed);
}

TEST_P(ShiftedInput, ThatBeginsTogetherWithANewVersionIsNotItsFault) {
  start();
  answer(1, 1500);
  answer(2, 3000, GetParam().trouble);
  EXPECT_EQ(actions_.calls, 0) << actions_.reason;
  EXPECT_EQ(healer_->diagnosis().causes.at(0).kind, CauseKind::shifted_input);
}

TEST_P(ShiftedInput, ThatWasThereBeforeANewVersionIsNotItsFault) {
  start();
  answer(1, 1500);
  answer(1, 800, GetParam().trouble);
  answer(2, 3000, GetParam().trouble);
  EXPECT_EQ(actions_.calls, 0) << actions_.reason;
  EXPECT_EQ(healer_->diagnosis().causes.at(0).kind, CauseKind::shifted_input);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ShiftedInput,
                         ::testing::Values(Shift{"brightness", {.shift = 1.5f}}, Shift{"noise", {.noise = 2}},
                                           Shift{"one_feature", {.one_feature = true}},
                                           Shift{"with_wrong_answers",
                                                 {.shift = 2, .random_class = 0.9, .confidence = 0.4f}}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(HealerTest, AVersionThatExpectsOtherInputsIsRolledBack) {
  start();
  World elsewhere(5);
  BaselineBuilder builder(World::kWidth, World::kClasses);
  for (int i = 0; i < 3000; ++i) {
    auto [x, y] = elsewhere.row({.shift = 2});
    ASSERT_TRUE(builder.add(x, y, 1).ok());
  }
  monitor_->set_baseline("digits", 2, std::make_shared<const Baseline>(builder.build().value()));
  answer(1, 1500);
  answer(2, 500, {.collapsed = 0});
  EXPECT_EQ(actions_.calls, 1);
  EXPECT_THAT(actions_.reason, HasSubstr("version 2 is sick"));
}

TEST_F(HealerTest, DoesNothingWhileAllIsWell) {
  start();
  answer(1, 3000);
  answer(2, 8000);
  EXPECT_EQ(actions_.calls, 0);
  EXPECT_TRUE(healer_->repairs().empty());
  EXPECT_THAT(doctor_report(healer_->to_json()).value(), HasSubstr("nothing is wrong"));
}

TEST_F(HealerTest, ActsOnABurstThatNoAnswersFollow) {
  start();
  answer(1, 1500);
  for (int i = 0; i < 500; ++i) {
    std::vector<Observation> batch;
    clock_.advance_us(100);
    batch.push_back(world_.observe(2, clock_.now_us(), 1, {.collapsed = 1}));
    monitor_->observe(std::move(batch));
  }
  for (int i = 0; i < 4; ++i) {
    step();
    clock_.advance_us(1'000'000);
  }
  EXPECT_EQ(actions_.calls, 1);
}

TEST_F(HealerTest, LeavesItToAPersonWhenThePolicySaysSo) {
  start({}, "[rollback]\nautomatic = false");
  answer(1, 1500);
  answer(2, 600, {.collapsed = 1});
  EXPECT_EQ(actions_.calls, 0);
  ASSERT_EQ(state(0), Repair::State::proposed);
  EXPECT_EQ(healer_->approve(9, "ana", clock_.now_us()).code(), Code::not_found);
  ASSERT_TRUE(healer_->approve(1, "ana", clock_.now_us()).ok());
  EXPECT_EQ(healer_->approve(1, "ana", clock_.now_us()).code(), Code::failed_precondition);
  step();
  EXPECT_EQ(actions_.calls, 1);
  EXPECT_EQ(state(0), Repair::State::verifying);
}

TEST_F(HealerTest, WhatAPersonRefusedIsNotProposedAgain) {
  TemporaryDirectory folder;
  const std::string policy = std::string(kLikelihoodIsEnough) + "automatic = false\ncooldown_s = 0\n";
  start(folder.path() / "j.db", policy);
  answer(1, 1500);
  answer(2, 600, {.collapsed = 1});
  ASSERT_EQ(state(0), Repair::State::proposed);
  EXPECT_THAT(doctor_report(healer_->to_json()).value(), HasSubstr("slipway doctor URL --approve 1 (or --refuse 1)"));
  EXPECT_EQ(healer_->refuse(9, "ana", clock_.now_us()).code(), Code::not_found);
  ASSERT_TRUE(healer_->refuse(1, "ana", clock_.now_us()).ok());
  EXPECT_EQ(healer_->refuse(1, "ana", clock_.now_us()).code(), Code::failed_precondition);
  EXPECT_EQ(healer_->approve(1, "ana", clock_.now_us()).message(), "repair 1 is refused, not proposed");
  answer(2, 600, {.collapsed = 1});
  EXPECT_EQ(healer_->repairs().size(), 1u) << log_;
  EXPECT_THAT(log_, HasSubstr("refused: refused by ana"));
  EXPECT_EQ(monitor_->journal()->audit(1).value()[0].action, "rollback refused");
  EXPECT_EQ(monitor_->journal()->audit(1).value()[0].actor, "ana");
  // Neither after a restart, nor where the policy would let it act by itself.
  start(folder.path() / "j.db", std::string(kLikelihoodIsEnough) + "cooldown_s = 0\n");
  ASSERT_EQ(state(0), Repair::State::refused);
  answer(2, 600, {.collapsed = 1});
  EXPECT_EQ(actions_.calls, 0);
  EXPECT_EQ(healer_->repairs().size(), 1u);
}

TEST_F(HealerTest, FailsWhenTheRemedyCannotBeApplied) {
  start();
  actions_.broken = true;
  answer(1, 1500);
  answer(2, 2000, {.collapsed = 1});
  EXPECT_EQ(actions_.calls, 1) << "tried again in spite of the cooldown";
  EXPECT_EQ(state(0), Repair::State::failed);
  EXPECT_EQ(healer_->repairs()[0].note, "the disk is full");
}

TEST_F(HealerTest, FailsWhenTheSymptomStays) {
  start({}, std::string(kLikelihoodIsEnough) + "verify_s = 2");
  answer(1, 1500);
  answer(2, 500, {.collapsed = 1});
  ASSERT_EQ(state(0), Repair::State::verifying);
  answer(1, 3000, {.collapsed = 1});
  EXPECT_EQ(state(0), Repair::State::failed);
  EXPECT_THAT(healer_->repairs()[0].note, HasSubstr("still has it"));
  EXPECT_THAT(healer_->repairs()[0].note, HasSubstr("version 2 is production again, and no longer rejected"));
  EXPECT_EQ(actions_.production, 2);
  EXPECT_TRUE(monitor_->facts().at(1).serving);
  EXPECT_TRUE(monitor_->facts().at(1).trusted) << "the next rollback of it is a person's decision";
}

// The server loads the version that it goes back to; until it has, answers are still those of the sick one.
TEST_F(HealerTest, WhatAVersionAnsweredBeforeProvesNothingUntilItServesAgain) {
  start();
  monitor_->serving("digits", 1);
  answer(1, 1500);
  monitor_->serving("digits", 2);
  answer(2, 500, {.collapsed = 3});
  EXPECT_EQ(actions_.calls, 1);
  answer(2, 400, {.collapsed = 3});
  EXPECT_EQ(state(0), Repair::State::verifying);
  monitor_->serving("digits", 1);
  answer(1, 100);
  EXPECT_EQ(state(0), Repair::State::verifying) << "closed before enough fresh answers";
  answer(1, 300);
  EXPECT_EQ(state(0), Repair::State::closed);
}

TEST_F(HealerTest, AVersionThatIsPutBackIsTrustedWhenItServes) {
  start({}, std::string(kLikelihoodIsEnough) + "verify_s = 2");
  monitor_->serving("digits", 1);
  answer(1, 1500);
  monitor_->serving("digits", 2);
  answer(2, 500, {.collapsed = 1});
  monitor_->serving("digits", 1);
  answer(1, 3000, {.collapsed = 1});
  EXPECT_EQ(state(0), Repair::State::failed);
  EXPECT_TRUE(monitor_->facts().at(0).serving) << "the server has not switched yet";
  monitor_->serving("digits", 2);
  EXPECT_TRUE(monitor_->facts().at(1).serving);
  EXPECT_TRUE(monitor_->facts().at(1).trusted);
}

TEST_F(HealerTest, ProposesWhatIsOnlyLikelyAndActsOnProof) {
  start({}, "");
  answer(1, 1500);
  answer(2, 500, {.collapsed = 3});
  EXPECT_EQ(actions_.calls, 0);
  ASSERT_EQ(healer_->repairs().size(), 1u);
  EXPECT_EQ(state(0), Repair::State::proposed);
  EXPECT_EQ(healer_->repairs()[0].note, "it is likely, not proved");
  Judgement worse{.verdict = Judgement::Verdict::worse, .previous = 1, .final = true, .summary = "it contradicts"};
  worse.findings.push_back({"answers", Severity::critical, 0.9, 0.25, "it contradicts", Json::object()});
  monitor_->judged("digits", 2, worse);
  answer(2, 300, {.collapsed = 3});
  EXPECT_EQ(actions_.calls, 1);
  EXPECT_EQ(state(0), Repair::State::verifying) << "the one that was proposed";
  EXPECT_EQ(healer_->repairs().size(), 1u);
  answer(1, 400);
  EXPECT_EQ(state(0), Repair::State::closed);
}

TEST_F(HealerTest, AProposalEndsWhenTheVersionIsFoundToDoAsWell) {
  start({}, "");
  answer(1, 1500);
  answer(2, 500, {.collapsed = 3});
  ASSERT_EQ(state(0), Repair::State::proposed);
  monitor_->judged("digits", 2,
                   {.verdict = Judgement::Verdict::equal, .previous = 1, .final = true, .summary = "as 1"});
  answer(2, 300, {.collapsed = 3});
  EXPECT_EQ(state(0), Repair::State::closed);
  EXPECT_EQ(healer_->repairs()[0].note, "not its fault: as 1");
  EXPECT_EQ(healer_->repairs().size(), 1u);
}

TEST_F(HealerTest, EveryStepIsAuditedAndARepairGoesOnAfterARestart) {
  TemporaryDirectory folder;
  start(folder.path() / "j.db");
  answer(1, 1500);
  answer(2, 500, {.collapsed = 1});
  ASSERT_EQ(state(0), Repair::State::verifying);
  start(folder.path() / "j.db");
  ASSERT_EQ(healer_->repairs().size(), 1u);
  EXPECT_EQ(state(0), Repair::State::verifying);
  answer(1, 400);
  EXPECT_EQ(state(0), Repair::State::closed);
  EXPECT_EQ(actions_.calls, 1);
  std::string actions;
  const std::vector<AuditEntry> audit = monitor_->journal()->audit(100).value();
  for (const AuditEntry& e : audit) {
    if (e.actor == "healer") actions = e.action + ", " + actions;
  }
  EXPECT_EQ(actions, "rollback proposed, rollback acting, rollback verifying, rollback closed, ");
  std::string report = doctor_report(healer_->to_json()).value();
  EXPECT_THAT(report, HasSubstr("1 rollback of digits version 2: closed: the symptom is gone"));
}

TEST_F(HealerTest, AJournalThatRefusesHindersNoRollback) {
  TemporaryDirectory folder;
  start(folder.path() / "j.db");
  answer(1, 1500);
  sqlite3* other = nullptr;  // holds the journal as a full disk does: every write fails
  ASSERT_EQ(sqlite3_open((folder.path() / "j.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "CREATE TRIGGER full BEFORE INSERT ON repairs BEGIN SELECT RAISE(ABORT, 'full'); END",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  Status last;
  for (int i = 0; i < 6; ++i) {
    for (int k = 0; k < 100; ++k) {
      clock_.advance_us(2000);
      std::vector<Observation> batch;
      batch.push_back(world_.observe(2, clock_.now_us(), 1, {.collapsed = 3}));
      monitor_->observe(std::move(batch));
    }
    ASSERT_TRUE(monitor_->tick().ok());
    last = healer_->step(clock_.now_us());
  }
  EXPECT_EQ(actions_.calls, 1);
  EXPECT_THAT(last.message(), HasSubstr("full"));
  ASSERT_EQ(sqlite3_exec(other, "DROP TRIGGER full", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  answer(1, 400);
  EXPECT_EQ(state(0), Repair::State::closed);
  std::string steps;
  const std::vector<AuditEntry> audit = monitor_->journal()->audit(100).value();
  for (const AuditEntry& e : audit) {
    if (e.actor == "healer") steps = e.action + ", " + steps;
  }
  EXPECT_EQ(steps, "rollback proposed, rollback acting, rollback verifying, rollback closed, ") << "nothing is lost";
}

TEST_F(HealerTest, ReportsForPeople) {
  start();
  answer(1, 1500);
  answer(1, 1000, {.one_feature = true});
  std::string report = doctor_report(Json::parse(healer_->to_json().dump()).value()).value();
  EXPECT_THAT(report, HasSubstr("1. "));
  EXPECT_THAT(report, HasSubstr("inputs have shifted"));
  EXPECT_THAT(report, HasSubstr("features: x[3]"));
  EXPECT_THAT(report, HasSubstr("version 1    serving"));
  EXPECT_FALSE(doctor_report(Json::array()).ok());
}

TEST_F(HealerTest, OneAnswerHasNoRate) {
  start();
  answer(1, 1);
  step();
  EXPECT_THAT(doctor_report(healer_->to_json()).value(), Not(HasSubstr("requests/s")));
  clock_.advance_us(398'000);
  answer(1, 1);
  step();
  EXPECT_THAT(doctor_report(healer_->to_json()).value(), HasSubstr("), 2.5 requests/s")) << "two, 0.4 s apart";
  answer(1, 2000);
  EXPECT_THAT(doctor_report(healer_->to_json()).value(), HasSubstr("), 500 requests/s")) << "one every 2 ms";
}

TEST(StoreActions, RollBackTheVersionThatIsMeant) {
  TemporaryDirectory folder;
  Store store = Store::open(folder.path(), true).value();
  Draft draft{.files = {{"model.onnx", "not read here"}}};
  draft.lineage.recipe = "[model]";
  ASSERT_EQ(store.publish("digits", draft).value(), 1);
  ASSERT_EQ(store.publish("digits", draft).value(), 2);
  StoreActions actions(store);
  EXPECT_EQ(actions.recipe("digits", 2), "[model]");
  EXPECT_EQ(actions.recipe("digits", 9), "");
  EXPECT_EQ(actions.roll_back("digits", 1, "sick").status().code(), Code::failed_precondition);
  EXPECT_EQ(actions.roll_back("digits", 2, "sick").value(), 1);
  EXPECT_EQ(store.state("digits").value().rejected.at(2), "sick");
  EXPECT_EQ(actions.restore("digits", 2, 7).code(), Code::failed_precondition);
  ASSERT_TRUE(actions.restore("digits", 2, 1).ok());
  EXPECT_EQ(store.state("digits").value().production, 2);
  EXPECT_TRUE(store.state("digits").value().rejected.empty());
  EXPECT_TRUE(store.state("digits").value().trusted.contains(2));
}

// A limit on the size of files stands in for a full disk.
TEST(StoreActions, RollBackInMemoryWhileTheDiskIsFull) {
  TemporaryDirectory folder;
  Store store = Store::open(folder.path(), true).value();
  const Draft draft{.files = {{"model.onnx", "not read here"}}};
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(store.publish("digits", draft).ok());
  StoreSource source(store);
  StoreActions actions(store, &source);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{.rlim_cur = 0, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &full);
  const Result<int64_t> to = actions.roll_back("digits", 2, "sick");
  const Result<PublishedModel> during = source.published("digits");
  const Status refused = actions.settle();
  const int64_t written = store.state("digits").value().production;
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  ASSERT_TRUE(to.ok()) << to.status().message();
  EXPECT_EQ(*to, 1);
  EXPECT_EQ(during->production, 1);
  EXPECT_TRUE(during->rejected.contains(2));
  EXPECT_FALSE(refused.ok());
  EXPECT_EQ(written, 2) << "the disk was not full";
  ASSERT_TRUE(actions.settle().ok());
  EXPECT_EQ(store.state("digits").value().production, 1);
  EXPECT_EQ(store.state("digits").value().rejected.at(2), "sick");
  EXPECT_EQ(source.published("digits")->production, 1);
}

}  // namespace
}  // namespace slipway
