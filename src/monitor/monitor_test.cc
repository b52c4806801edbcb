// The monitor from observations to alarms, over restarts and rollbacks.
#include "monitor/monitor.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/event_bus.h"
#include "base/file.h"
#include "support/world.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A monitor with a clock that moves with the answers: one every 2 ms, a tick a second.
class MonitorTest : public ::testing::Test {
 protected:
  void start(MonitorOptions options = {}) {
    monitor_ = Monitor::create(std::move(options), clock_).value();
    monitor_->add_sink([this](const AlarmEvent& e) { events_.push_back(e); });
    for (int64_t version : {1, 2, 3}) monitor_->set_baseline("digits", version, baseline_);
  }
  void answer(int64_t version, int count, const Trouble& trouble = {}) {
    for (int i = 0; i < count; ++i) {
      clock_.advance_us(2000);
      std::vector<Observation> batch;
      batch.push_back(world_.observe(version, clock_.now_us(), 1, trouble));
      monitor_->observe(std::move(batch));
      if (clock_.now_us() % 1'000'000 < 2000) {
        ASSERT_TRUE(monitor_->tick().ok());
      }
    }
    ASSERT_TRUE(monitor_->tick().ok());
  }
  bool active(const char* detector, int64_t version) const {
    for (const Alarm& a : monitor_->active_alarms()) {
      if (a.detector == detector && a.version == version) return true;
    }
    return false;
  }

  World world_{41};
  std::shared_ptr<const Baseline> baseline_ = world_.baseline();
  ManualClock clock_{1'700'000'000'000'000};
  std::unique_ptr<Monitor> monitor_;
  std::vector<AlarmEvent> events_;
};

TEST_F(MonitorTest, IsSilentWhileAllIsWell) {
  start();
  answer(1, 20000);
  EXPECT_TRUE(events_.empty()) << log_line(events_.front());
}

TEST_F(MonitorTest, CatchesASickVersionWithinFiveHundredAnswers) {
  start();
  answer(1, 2000);
  answer(2, 500, {.collapsed = 2});
  EXPECT_TRUE(active("output_drift", 2));
  EXPECT_FALSE(active("input_drift", 2));
  ASSERT_FALSE(events_.empty());
  EXPECT_EQ(events_[0].kind, AlarmEvent::Kind::raised);
  EXPECT_THAT(log_line(events_[0]), HasSubstr("alarm raised id=1 model=digits version=2"));
}

TEST_F(MonitorTest, ClearsWhenTheSymptomIsGone) {
  start();
  answer(1, 1000);
  answer(1, 600, {.shift = 2});
  EXPECT_TRUE(active("input_drift", 1));
  answer(1, 8000);
  EXPECT_FALSE(active("input_drift", 1));
  EXPECT_TRUE(std::any_of(events_.begin(), events_.end(), [](const AlarmEvent& e) {
    return e.kind == AlarmEvent::Kind::cleared && e.alarm.cleared_because == "no longer seen";
  }));
}

TEST_F(MonitorTest, ClearsAlarmsOfAVersionThatAnswersNoMore) {
  start();
  answer(1, 1000);
  answer(2, 500, {.collapsed = 2});
  EXPECT_TRUE(active("output_drift", 2));
  monitor_->serving("digits", 3);
  clock_.advance_us(121'000'000);
  ASSERT_TRUE(monitor_->tick().ok());
  EXPECT_TRUE(monitor_->active_alarms().empty());
}

// A client may ask for any version that is loaded; which one serves is the server's to say.
TEST_F(MonitorTest, ANewerVersionThatIsAskedForByItsNumberDoesNotServe) {
  start();
  monitor_->serving("digits", 1);
  answer(1, 200);
  answer(2, 100);
  auto serving = [&] {
    std::vector<int64_t> versions;
    for (const VersionFacts& v : monitor_->facts()) {
      if (v.serving) versions.push_back(v.version);
    }
    return versions;
  };
  EXPECT_EQ(serving(), std::vector<int64_t>{1});
  monitor_->rolled_back("digits", 1, 2);
  EXPECT_EQ(serving(), std::vector<int64_t>{1}) << "the server has not switched yet";
  monitor_->serving("digits", 2);
  EXPECT_EQ(serving(), std::vector<int64_t>{2});
}

TEST_F(MonitorTest, ASilentVersionThatServesIsNotCalledWell) {
  start();
  answer(1, 1000);
  answer(2, 500, {.collapsed = 2});
  clock_.advance_us(1'000'000'000);
  ASSERT_TRUE(monitor_->tick().ok());
  EXPECT_TRUE(active("output_drift", 2));
  clock_.advance_us(3'000'000'000);
  ASSERT_TRUE(monitor_->tick().ok());
  EXPECT_TRUE(monitor_->active_alarms().empty());
}

// 40 % of the requests fail for ever, at any rate and from the beginning or not; the alarm stays. So does one of a
// share that would be usual if the version were compared with itself.
TEST_F(MonitorTest, AnAlarmStaysAsLongAsItsFault) {
  for (const double share : {0.4, 0.08}) {
    for (const int healthy : {0, 3000}) {
      events_.clear();
      start();
      answer(1, healthy);
      for (int minute = 0; minute < 20; ++minute) {
        answer(1, 3000, {.fault = share});
        ASSERT_TRUE(active("error_rate", 1)) << share << " in round " << minute;
      }
      EXPECT_EQ(events_.size(), 1u);
      answer(1, 8000);
      EXPECT_FALSE(active("error_rate", 1));
    }
  }
}

TEST_F(MonitorTest, ASlowVersionStaysSlow) {
  start();
  answer(1, 5000);
  for (int round = 0; round < 20; ++round) {
    answer(1, 6000, {.compute_us = 5000});
    ASSERT_TRUE(active("latency", 1)) << round;
  }
  EXPECT_EQ(events_.size(), 1u) << log_line(events_.back());
}

// Whoever restarts the server does not heal the version.
TEST_F(MonitorTest, AnAlarmStaysOverARestartThatForgetsTheHealthyPast) {
  TemporaryDirectory folder;
  start({.journal = folder.path() / "journal.db"});
  answer(1, 5000);
  answer(1, 3000, {.fault = 0.06});
  ASSERT_TRUE(active("error_rate", 1));
  ASSERT_TRUE(monitor_->flush().ok());
  monitor_.reset();
  start({.journal = folder.path() / "journal.db"});
  answer(1, 30000, {.fault = 0.06});
  EXPECT_TRUE(active("error_rate", 1));
}

// A version after a sick one is not measured by it.
TEST_F(MonitorTest, ASickPredecessorIsNoExample) {
  start();
  answer(1, 6000, {.fault = 0.1});
  ASSERT_TRUE(active("error_rate", 1));
  answer(2, 3000, {.fault = 0.1});
  EXPECT_TRUE(active("error_rate", 2));
}

TEST_F(MonitorTest, HearsThatNoRequestsCome) {
  start();
  answer(1, 100'000);
  clock_.advance_us(40'000'000);
  ASSERT_TRUE(monitor_->tick().ok());
  EXPECT_FALSE(active("traffic", 1));
  clock_.advance_us(40'000'000);
  ASSERT_TRUE(monitor_->tick().ok());
  EXPECT_TRUE(active("traffic", 1));
  answer(1, 8000);
  EXPECT_FALSE(active("traffic", 1));
}

TEST_F(MonitorTest, ANameCannotForgeALineOfTheLog) {
  AlarmEvent event{AlarmEvent::Kind::raised, {.detector = "d", .message = "most: a\nalarm cleared \x1b[2J"}};
  EXPECT_THAT(log_line(event), HasSubstr("most: a\\nalarm cleared \\x1b[2J"));
}

TEST_F(MonitorTest, KnowsWhatServedBefore) {
  start();
  answer(1, 1000);
  answer(2, 500, {.shift = 2});
  std::vector<VersionFacts> facts = monitor_->facts();
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_FALSE(facts[0].serving);
  EXPECT_TRUE(facts[1].serving);
  EXPECT_EQ(facts[1].previous_version, 1);
  EXPECT_TRUE(facts[1].inputs_drifted);
  EXPECT_GT(facts[1].inputs_psi, 0.25);
  EXPECT_TRUE(facts[1].previous_inputs_judged);
  EXPECT_LT(facts[1].previous_inputs_psi, 0.1);
  EXPECT_TRUE(facts[1].previous_inputs_compared);
  EXPECT_LT(facts[1].previous_inputs_psi_here, 0.1);
  EXPECT_EQ(facts[1].rows_since, 500);
  EXPECT_NEAR(facts[1].now.compute_us, 300, 20);
}

TEST_F(MonitorTest, KnowsWhatAlarmsThePreviousVersionHad) {
  start();
  answer(1, 1000, {.shift = 2});
  ASSERT_TRUE(active("input_drift", 1));
  answer(2, 500, {.shift = 2});
  const VersionFacts v2 = monitor_->facts()[1];
  EXPECT_TRUE(std::any_of(v2.previous_alarms.begin(), v2.previous_alarms.end(),
                          [](const Symptom& s) { return s.detector == "input_drift" && s.subject == "inputs"; }));
  EXPECT_NEAR(v2.inputs_psi / v2.previous_inputs_psi_here, 1, 0.5);
}

TEST_F(MonitorTest, IsToldAtTheStartWhatServedBefore) {
  start();
  monitor_->serving("digits", 2, clock_.now_us() - 3'600'000'000, 1);
  answer(2, 100);
  monitor_->serving("digits", 2);
  const VersionFacts v2 = monitor_->facts().at(0);
  EXPECT_EQ(v2.previous_version, 1);
  EXPECT_LT(v2.since_us, clock_.now_us() - 3'600'000'000);
  EXPECT_EQ(v2.rows_since, 100);
}

TEST_F(MonitorTest, JudgesEarlierInputsByANewVersionsBaseline) {
  start();
  World elsewhere(43);
  BaselineBuilder builder(World::kWidth, World::kClasses);
  for (int i = 0; i < 3000; ++i) {
    auto [x, y] = elsewhere.row({.one_feature = true});
    ASSERT_TRUE(builder.add(x, y, 1).ok());
  }
  monitor_->set_baseline("digits", 2, std::make_shared<const Baseline>(builder.build().value()));
  answer(1, 1000);
  answer(2, 500);
  const VersionFacts v2 = monitor_->facts()[1];
  EXPECT_LT(v2.previous_inputs_psi, 0.1);
  EXPECT_GT(v2.previous_inputs_psi_here, 0.25);
  EXPECT_GT(v2.inputs_psi, 0.25);
}

TEST_F(MonitorTest, StartsAfreshAfterARollback) {
  start();
  answer(1, 1000);
  answer(2, 500, {.collapsed = 2});
  monitor_->rolled_back("digits", 2, 1);
  answer(1, 300);
  std::vector<VersionFacts> facts = monitor_->facts();
  EXPECT_TRUE(facts[0].serving);
  EXPECT_EQ(facts[0].rows_since, 300);
  EXPECT_EQ(facts[0].previous_version, 0);
  EXPECT_TRUE(facts[1].rolled_back);
  monitor_->resolve("digits", 2, "rolled back");
  EXPECT_TRUE(monitor_->active_alarms().empty());
}

TEST_F(MonitorTest, AlarmsAndCountersSurviveARestart) {
  TemporaryDirectory folder;
  start({.journal = folder.path() / "journal.db"});
  answer(1, 1000);
  answer(2, 3000, {.collapsed = 2});
  clock_.advance_us(11'000'000);
  ASSERT_TRUE(monitor_->tick().ok());
  std::vector<Alarm> before = monitor_->active_alarms();
  ASSERT_FALSE(before.empty());
  monitor_.reset();
  events_.clear();
  start({.journal = folder.path() / "journal.db"});
  std::vector<Alarm> after = monitor_->active_alarms();
  ASSERT_EQ(after.size(), before.size());
  EXPECT_EQ(after[0].to_json().dump(), before[0].to_json().dump());
  EXPECT_THAT(monitor_->metrics(), HasSubstr("slipway_monitor_rows_total{model=\"digits\",version=\"2\"} 3000"));
  answer(2, 500, {.collapsed = 2});
  EXPECT_EQ(monitor_->active_alarms()[0].id, before[0].id);
  EXPECT_EQ(monitor_->active_alarms()[0].start_us, before[0].start_us);
  EXPECT_FALSE(monitor_->journal()->windows("digits", 2, 0).value().items().empty());
}

TEST_F(MonitorTest, MemoryIsBoundedOverManyVersions) {
  start({.versions_with_windows = 2, .versions_with_totals = 4});
  for (int64_t version = 1; version <= 30; ++version) answer(version, 50);
  EXPECT_LE(monitor_->facts().size(), 5u);
  EXPECT_EQ(monitor_->snapshot()["models"].items()[0]["serving"].as_int(), 30);
}

TEST_F(MonitorTest, AnswersOfNoVersionAreOnlyCounted) {
  start();
  std::vector<Observation> batch;
  for (int i = 0; i < 100; ++i) {
    batch.push_back({.model = "guess" + std::to_string(i), .time_us = clock_.now_us(), .code = Code::not_found});
  }
  monitor_->observe(std::move(batch));
  ASSERT_TRUE(monitor_->tick().ok());
  EXPECT_THAT(monitor_->metrics(), HasSubstr("slipway_monitor_unattributed_total 100"));
  EXPECT_THAT(monitor_->metrics(), Not(HasSubstr("guess")));
}

TEST_F(MonitorTest, SpeaksPrometheus) {
  start();
  answer(1, 200);
  answer(2, 500, {.collapsed = 2});
  std::string text = monitor_->metrics();
  EXPECT_THAT(text, HasSubstr("# TYPE slipway_alarm_active gauge\n"));
  EXPECT_THAT(text, HasSubstr("slipway_alarm_active{model=\"digits\",version=\"2\",detector=\"output_drift\","
                              "subject=\"classes\",severity=\"critical\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slipway_monitor_requests_total{model=\"digits\",version=\"1\",code=\"OK\"} 200\n"));
  Json alarms = monitor_->alarms_json();
  EXPECT_EQ(alarms["active"].items()[0]["model"].as_string(), "digits");
}

TEST_F(MonitorTest, PassesPromtool) {
  if (std::system("command -v promtool > /dev/null 2>&1") != 0) GTEST_SKIP() << "no promtool";
  start();
  answer(1, 200);
  answer(2, 500, {.collapsed = 2, .fault = 0.3});
  TemporaryDirectory folder;
  ASSERT_TRUE(write_file_atomic(folder.path() / "metrics", monitor_->metrics()).ok());
  EXPECT_EQ(std::system(("promtool check metrics < " + (folder.path() / "metrics").string()).c_str()), 0);
}

TEST_F(MonitorTest, RefusesAnUnknownParameter) {
  auto refused = Monitor::create({.parameters = {{"input_drift.psj", 1}}}, clock_);
  EXPECT_EQ(refused.status().code(), Code::invalid_argument);
}

TEST(Monitor, TakesFromTheBusWhileOthersRead) {
  SystemClock clock;
  World world(5);
  auto monitor = Monitor::create({}, clock).value();
  monitor->set_baseline("digits", 1, world.baseline());
  EventBus<Observation> bus(1 << 16, [&](std::vector<Observation>&& batch) { monitor->observe(std::move(batch)); });
  std::thread reader([&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(monitor->tick().ok());
      EXPECT_FALSE(monitor->metrics().empty());
      EXPECT_TRUE(monitor->snapshot().is_object());
    }
  });
  for (int i = 0; i < 3000; ++i) bus.publish(world.observe(1, clock.now_us()));
  bus.stop();
  reader.join();
  EXPECT_THAT(monitor->metrics(), HasSubstr("code=\"OK\"} 3000\n"));
}

}  // namespace
}  // namespace slipway
