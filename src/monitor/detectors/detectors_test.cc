// Every detector: silence on stationary streams, power on shifts, and what the evidence says.
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "monitor/detectors/all.h"
#include "support/places.h"
#include "support/world.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kMillisecond = 1000;

// A version that has answered 4000 rows well and then `rows` rows with `trouble`, one every 5 ms.
View view_after(uint64_t seed, int64_t rows, const Trouble& trouble, std::shared_ptr<const Baseline> baseline) {
  World world(seed);
  Recorder recorder({}, baseline);
  int64_t now = 1'000'000;
  for (int i = 0; i < 4000; ++i) recorder.observe(world.observe(1, now += 5 * kMillisecond));
  for (int64_t i = 0; i < rows; ++i) recorder.observe(world.observe(1, now += 5 * kMillisecond, 1, trouble));
  return {.model = "digits",
          .version = 1,
          .serving = true,
          .now_us = now,
          .last_seen_us = now,
          .recent = recorder.recent(now),
          .baseline = baseline.get(),
          .points = {recorder.points().begin(), recorder.points().end()}};
}

const std::shared_ptr<const Baseline>& trained() {
  static const std::shared_ptr<const Baseline> baseline = World(99).baseline();
  return baseline;
}

// "detector/subject" of everything that fires.
std::set<std::string> firing(const View& view) {
  std::set<std::string> names;
  for (const Detector* d : all_detectors()) {
    for (const Finding& f : d->detect(view, {})) {
      if (f.firing()) names.insert(std::string(d->name) + "/" + f.subject);
    }
  }
  return names;
}

Finding find(const View& view, const char* detector, const char* subject) {
  for (const Finding& f : find_detector(detector)->detect(view, {})) {
    if (f.subject == subject) return f;
  }
  ADD_FAILURE() << detector << " says nothing of " << subject;
  return {};
}

TEST(Detectors, CardsAreComplete) {
  EXPECT_GE(all_detectors().size(), 8u);
  for (const Detector* d : all_detectors()) {
    EXPECT_NE(std::string(d->doc), "");
    EXPECT_NE(std::string(d->source), "");
    EXPECT_NE(d->parameters[0].name, nullptr);
    EXPECT_EQ(find_detector(d->name), d);
    EXPECT_TRUE(d->detect({}, {}).empty()) << d->name << " judges without data";
  }
  EXPECT_TRUE(check_parameters({{"ewma.L", 4}}).ok());
  EXPECT_THAT(check_parameters({{"ewma.l", 4}}).message(), HasSubstr("ewma.lambda"));
}

TEST(Detectors, AreInTheDocumentation) {
  const std::string docs = read_file(source_folder() / "docs/monitor.md").value();
  for (const Detector* d : all_detectors()) {
    const size_t row = docs.find(fmt::format("\n| `{}` |", d->name));
    ASSERT_NE(row, std::string::npos) << d->name;
    const std::string line = docs.substr(row + 1, docs.find('\n', row + 1) - row);
    for (const Parameter& p : d->parameters) {
      if (p.name == nullptr) continue;
      std::string value = p.value < 1e-3 ? fmt::format("{:.0e}", p.value) : fmt::format("{}", p.value);
      if (size_t zero = value.find("e-0"); zero != std::string::npos) value.erase(zero + 2, 1);
      EXPECT_THAT(line, HasSubstr(fmt::format("`{}` {}", p.name, value)));
    }
  }
}

TEST(Detectors, AreSilentOnStationaryStreams) {
  int alarms = 0;
  std::string which;
  const int streams = 60;
  for (int seed = 0; seed < streams; ++seed) {
    for (const std::string& name : firing(view_after(1000 + static_cast<uint64_t>(seed), 500, {}, trained()))) {
      ++alarms;
      which += name + " ";
    }
  }
  EXPECT_LE(alarms, 1) << which;
}

struct Case {
  const char* name;
  Trouble trouble;
  std::set<std::string> expected;  // at least these
};

class WithinFiveHundred : public ::testing::TestWithParam<Case> {};

TEST_P(WithinFiveHundred, AnswersIsCaught) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    std::set<std::string> names = firing(view_after(seed, 500, GetParam().trouble, trained()));
    for (const std::string& expected : GetParam().expected) {
      EXPECT_TRUE(names.contains(expected)) << expected << " is silent, seed " << seed;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Troubles, WithinFiveHundred,
                         ::testing::Values(Case{"shift", {.shift = 1}, {"input_drift/inputs"}},
                                           Case{"noise", {.noise = 1.5}, {"input_drift/inputs"}},
                                           Case{"one_feature", {.one_feature = true}, {"input_drift/inputs"}},
                                           Case{"collapse", {.collapsed = 1}, {"output_drift/classes"}},
                                           Case{"random", {.random_class = 1}, {"class_inputs/answers"}},
                                           Case{"unsure", {.confidence = 0.4f}, {"confidence/confidence"}},
                                           Case{"nan", {.nan_output = 0.2}, {"error_rate/invalid outputs"}},
                                           Case{"faults", {.fault = 0.1}, {"error_rate/faults"}},
                                           Case{"full", {.full = 0.2}, {"error_rate/rejections"}},
                                           Case{"slow", {.compute_us = 3000}, {"latency/latency", "latency/compute"}},
                                           Case{"queued", {.queue_us = 5000}, {"latency/queue", "latency/latency"}}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(InputDrift, NamesTheFeatureAndOnlyThat) {
  Finding f = find(view_after(3, 600, {.one_feature = true}, trained()), "input_drift", "inputs");
  ASSERT_TRUE(f.firing());
  EXPECT_EQ(f.evidence["top"].items()[0]["feature"].as_string(), "x[3]");
  EXPECT_EQ(f.evidence["top"].items()[0]["index"].as_int(), 3);
  EXPECT_NEAR(f.evidence["top"].items()[0]["mean"].as_double(), 2.75, 0.3);
  EXPECT_LE(f.evidence["drifted"].as_int(), 2);
  EXPECT_THAT(f.message, HasSubstr("x[3] (PSI"));
  EXPECT_EQ(f.severity, Severity::warning);
}

TEST(InputDrift, OfEveryFeatureIsCritical) {
  Finding f = find(view_after(4, 600, {.shift = 2}, trained()), "input_drift", "inputs");
  EXPECT_EQ(f.severity, Severity::critical);
  EXPECT_GE(f.evidence["drifted"].as_int(), 12);
}

TEST(InputDrift, OneRowSentAThousandTimesIsOneRow) {
  World world(5);
  Recorder recorder({}, trained());
  Observation o = world.observe(1, 1'000'000);
  for (int i = 0; i < 1000; ++i) {
    o.time_us += kMillisecond;
    recorder.observe(o);
  }
  View view{.recent = recorder.recent(o.time_us), .baseline = trained().get()};
  EXPECT_TRUE(find_detector("input_drift")->detect(view, {}).empty());
  EXPECT_TRUE(find_detector("output_drift")->detect(view, {}).empty());
}

TEST(ErrorRate, NamesTheFeatureThatIsNotANumber) {
  World world(31);
  Recorder recorder({}, trained());
  int64_t now = 1'000'000;
  for (int i = 0; i < 100; ++i) {
    Observation o = world.observe(1, now += 5 * kMillisecond);
    o.input = o.input.clone();
    if (i % 3 == 0) o.input.mutable_data<float>()[4] = std::numeric_limits<float>::quiet_NaN();
    recorder.observe(o);
  }
  const Finding f = find({.recent = recorder.recent(now), .baseline = trained().get()}, "error_rate", "invalid inputs");
  EXPECT_TRUE(f.firing());
  EXPECT_THAT(f.message, HasSubstr("most: x[4]"));
  EXPECT_EQ(f.evidence["top"].items()[0]["feature"].as_string(), "x[4]");
  EXPECT_EQ(f.evidence["top"].items()[0]["rows"].as_int(), 34);
}

// 5 % of wrong requests are the clients' matter, 5 % of failing ones are not; and no share from 20 % on is usual, even
// when it was there from the beginning.
TEST(ErrorRate, JudgesByWhatIsUsual) {
  auto of = [](Failure failure, int64_t usual_percent, int64_t percent) {
    View view;
    view.recent.requests = view.recent.rows = 400;
    view.recent.start_us = 100;
    const int64_t failing = 4 * percent;
    (failure == Failure::fault ? view.recent.codes[static_cast<size_t>(Code::internal)]
                               : view.recent.codes[static_cast<size_t>(Code::invalid_argument)]) = failing;
    view.recent.codes[static_cast<size_t>(Code::ok)] = 400 - failing;
    Point usual{.time_us = 50, .requests = 1000};
    usual.shares[static_cast<size_t>(failure)] = {10 * usual_percent, 1000};
    view.points.push_back(usual);
    return find(view, "error_rate", failure == Failure::fault ? "faults" : "refusals").firing();
  };
  EXPECT_TRUE(of(Failure::fault, 0, 5));
  EXPECT_FALSE(of(Failure::fault, 5, 5));
  EXPECT_TRUE(of(Failure::fault, 40, 40));
  EXPECT_FALSE(of(Failure::refusal, 0, 5));
  EXPECT_TRUE(of(Failure::refusal, 0, 15));
  EXPECT_TRUE(of(Failure::refusal, 40, 40));
}

// What an open alarm was compared with stays, and troubled points are no examples.
TEST(ErrorRate, IsNotComparedWithItsOwnSickPast) {
  View view;
  view.recent.requests = 400;
  view.recent.start_us = 100;
  view.recent.codes[static_cast<size_t>(Code::internal)] = 20;
  Point sick{.time_us = 50, .requests = 1000};
  sick.shares[static_cast<size_t>(Failure::fault)] = {50, 1000};
  view.points.push_back(sick);
  EXPECT_FALSE(find(view, "error_rate", "faults").firing());
  view.points[0].troubled = true;
  EXPECT_TRUE(find(view, "error_rate", "faults").firing());
  view.points[0].troubled = false;
  view.open[{"error_rate", "faults"}] = Json::object({{"share_before", 0.001}});
  EXPECT_TRUE(find(view, "error_rate", "faults").firing());
}

// Half a minute of points, 20 requests a second, none silent for more than a second.
View steady_traffic() {
  View view{.serving = true};
  for (int64_t i = 1; i <= 60; ++i) {
    view.points.push_back(
        {.time_us = i * 5'000'000, .seconds = 5, .longest_gap = 1, .requests = 100, .rate = 20, .latency = 1e-4});
  }
  view.now_us = view.last_seen_us = 300'000'000;
  return view;
}

TEST(Traffic, ChangesAreWorthAWordAndSilenceAWarning) {
  View view = steady_traffic();
  EXPECT_FALSE(find(view, "traffic", "request rate").firing());
  EXPECT_FALSE(find(view, "traffic", "silence").firing());
  for (size_t i = 48; i < 60; ++i) view.points[i].requests = 1200;
  const Finding more = find(view, "traffic", "request rate");
  EXPECT_TRUE(more.firing());
  EXPECT_EQ(more.severity, Severity::info);
  for (size_t i = 48; i < 60; ++i) view.points[i].requests = 300;
  EXPECT_FALSE(find(view, "traffic", "request rate").firing());
  view.now_us += 61'000'000;
  const Finding silence = find(view, "traffic", "silence");
  EXPECT_TRUE(silence.firing());
  EXPECT_EQ(silence.severity, Severity::warning);
  EXPECT_THAT(silence.message, HasSubstr("no request for 61 s; usually 20 a second"));
  view.points[3].longest_gap = 30;
  EXPECT_FALSE(find(view, "traffic", "silence").firing());
  view.points[3].longest_gap = 1;
  view.serving = false;
  EXPECT_EQ(find_detector("traffic")->detect(view, {}).size(), 1u);
}

TEST(OutputDrift, NamesTheCollapsedClass) {
  Finding f = find(view_after(6, 600, {.collapsed = 1}, trained()), "output_drift", "classes");
  EXPECT_EQ(f.severity, Severity::critical);
  EXPECT_TRUE(f.evidence["collapsed"].as_bool());
  EXPECT_THAT(f.message, HasSubstr("one is 100 %"));
}

TEST(ClassInputs, SeesPermutedLabelsThatNothingElseShows) {
  World world(7);
  Recorder recorder({}, trained());
  int64_t now = 1'000'000;
  for (int i = 0; i < 500; ++i) {
    Observation o = world.observe(1, now += kMillisecond);
    auto y = o.output.mutable_data<float>();
    std::rotate(y.begin(), y.begin() + 1, y.end());
    recorder.observe(o);
  }
  View view{.recent = recorder.recent(now), .baseline = trained().get()};
  EXPECT_THAT(firing(view), ElementsAre("class_inputs/answers"));
}

TEST(ClassInputs, AnEvenShiftOfAllInputsIsNotItsMatter) {
  EXPECT_FALSE(find(view_after(8, 600, {.shift = 1}, trained()), "class_inputs", "answers").firing());
}

TEST(Latency, IsComparedWithThePreviousVersion) {
  World world(9);
  Recorder before({}, nullptr), now({}, nullptr);
  for (int i = 0; i < 300; ++i) {
    before.observe(world.observe(1, 1'000'000 + i * kMillisecond));
    now.observe(world.observe(2, 1'000'000 + i * kMillisecond, 1, {.compute_us = 2000}));
  }
  View view{
      .version = 2, .previous_version = 1, .recent = now.recent(1'300'000), .previous_points = before.all_points()};
  Finding f = find(view, "latency", "compute");
  EXPECT_NEAR(f.statistic, 2000.0 / 300, 0.6);
  EXPECT_EQ(f.evidence["compared_with_version"].as_int(), 1);
  EXPECT_THAT(f.message, HasSubstr("of version 1"));
  EXPECT_FALSE(find(view, "latency", "queue").firing());
}

// 14 us in the engine or 40: nobody waits for that, and a version that has become faster is no trouble.
TEST(Latency, SmallChangesAndFallsAreNoMatter) {
  for (double compute_us : {40.0, 100.0, 600.0}) {
    const View view = view_after(10, 600, {.compute_us = compute_us, .queue_us = 10}, trained());
    for (const char* subject : {"latency", "compute", "queue"}) {
      EXPECT_FALSE(find(view, "latency", subject).firing()) << subject << " at " << compute_us;
    }
  }
}

View view_of_series(const std::vector<double>& latency, double k) {
  View view{.k = k};
  for (double x : latency) view.points.push_back({.requests = 100, .latency = x});
  return view;
}

TEST(Threshold, FollowsItsFormula) {
  std::vector<double> x;
  for (int i = 0; i < 40; ++i) x.push_back(i % 2 == 0 ? 9.0 : 11.0);
  for (int i = 0; i < 4; ++i) x.push_back(16.0 + i);
  Finding f = find(view_of_series(x, 2), "threshold", "latency");
  EXPECT_NEAR(f.statistic, 6.0 / std::sqrt(40.0 / 39), 1e-9);
  EXPECT_TRUE(f.firing());
  EXPECT_FALSE(find(view_of_series(x, 6.5), "threshold", "latency").firing());
  x.back() = 10;
  EXPECT_FALSE(find(view_of_series(x, 2), "threshold", "latency").firing());
}

TEST(Ewma, FollowsItsFormula) {
  std::vector<double> x;
  for (int i = 0; i < 40; ++i) x.push_back(i % 2 == 0 ? 9.0 : 11.0);
  for (int i = 0; i < 12; ++i) x.push_back(16.0);
  Finding f = find(view_of_series(x, 2), "ewma", "latency");
  const double sigma = std::sqrt(40.0 / 39);
  const double z = 6 * (1 - std::pow(0.8, 12));
  const double spread = sigma * std::sqrt(0.2 / 1.8 * (1 - std::pow(0.8, 24)));
  EXPECT_NEAR(f.statistic, z / spread, 1e-9);
  EXPECT_TRUE(f.firing());
}

TEST(Ewma, SeesASmallLastingShiftThatTheThresholdMisses) {
  Random random(12);
  std::vector<double> x;
  for (int i = 0; i < 200; ++i) x.push_back(10 + 3 * random.normal());
  for (int i = 0; i < 12; ++i) x.push_back(16.6 + 3 * random.normal());
  EXPECT_TRUE(find(view_of_series(x, 3), "ewma", "latency").firing());
  EXPECT_FALSE(find(view_of_series(x, 3), "threshold", "latency").firing());
}

TEST(ControlCharts, OnlyASlowdownOfSomeSizeIsTrouble) {
  std::vector<double> x;
  for (int i = 0; i < 40; ++i) x.push_back(100e-6);
  for (double after : {50e-6, 115e-6, 900e-6, 14.0}) {
    std::vector<double> moved = x;
    moved.insert(moved.end(), 12, after);
    for (const char* chart : {"threshold", "ewma"}) {
      EXPECT_EQ(find(view_of_series(moved, 2), chart, "latency").firing(), after > 1) << chart << " at " << after;
    }
  }
}

TEST(ControlCharts, RarelyFireOnNoise) {
  int threshold = 0, ewma = 0;
  const int trials = 3000;
  for (int t = 0; t < trials; ++t) {
    Random random(static_cast<uint64_t>(t));
    std::vector<double> x;
    for (int i = 0; i < 120; ++i) x.push_back(100 + 20 * random.normal());
    threshold += find(view_of_series(x, 2), "threshold", "latency").firing() ? 1 : 0;
    ewma += find(view_of_series(x, 2), "ewma", "latency").firing() ? 1 : 0;
  }
  EXPECT_LE(threshold, 1);
  EXPECT_LE(ewma, 2);
}

}  // namespace
}  // namespace slipway
