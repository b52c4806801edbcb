// Hours of healthy traffic of many kinds: hardly an alarm, and where the inputs did change, one that says so.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/simulation.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMinute = 60;

struct Pattern {
  const char* name;
  int64_t seconds;
  double (*rate)(int64_t second);
  Observation (*make)(World& world, Random& random, int64_t second);
};

Observation one_row(World& world, Random&, int64_t) { return world.observe(1, 0); }

Observation of_class(World& world, int truth) { return world.observe(1, 0, 1, {.truth = truth}); }

// The same few rows for ever.
Observation repeated(Random& random, uint64_t rows) {
  World fixed(random.below(rows) + 500);
  return fixed.observe(1, 0);
}

Observation probe(World& world) {
  Observation o = world.observe(1, 0);
  o.input = Tensor::of<float>({1, World::kWidth}, std::vector<float>(World::kWidth, 0));
  return o;
}

Observation refused(World& world) {
  Observation o = world.observe(1, 0);
  o.code = Code::invalid_argument;
  o.input = o.output = Tensor();
  o.rows = 0;
  return o;
}

const Pattern kQuiet[] = {
    {"steady_20", 60 * kMinute, [](int64_t) { return 20.0; }, one_row},
    {"steady_200", 20 * kMinute, [](int64_t) { return 200.0; }, one_row},
    {"bursty", 60 * kMinute, [](int64_t s) { return s % 30 < 10 ? 90.0 : 0.0; }, one_row},
    {"ten_times_the_rate", 20 * kMinute, [](int64_t s) { return s < 300 || s > 600 ? 10.0 : 100.0; }, one_row},
    {"tiny", 240 * kMinute, [](int64_t) { return 1.0; }, one_row},
    {"batches_of_32", 60 * kMinute, [](int64_t) { return 2.0; },
     [](World& w, Random&, int64_t) { return w.observe(1, 0, 32); }},
    {"mixed_sizes", 60 * kMinute, [](int64_t) { return 10.0; },
     [](World& w, Random& r, int64_t) { return w.observe(1, 0, static_cast<int64_t>(1 + r.below(16))); }},
    {"bad_json", 60 * kMinute, [](int64_t) { return 20.0; },
     [](World& w, Random& r, int64_t) { return r.uniform() < 0.05 ? refused(w) : w.observe(1, 0); }},
    {"health_probes", 60 * kMinute, [](int64_t) { return 10.0; },
     [](World& w, Random& r, int64_t) { return r.uniform() < 0.5 ? probe(w) : w.observe(1, 0); }},
    {"duplicates", 60 * kMinute, [](int64_t) { return 20.0; },
     [](World& w, Random& r, int64_t) { return r.uniform() < 0.5 ? repeated(r, 3) : w.observe(1, 0); }},
};

const Pattern kOtherInputs[] = {
    {"one_class_at_night", 30 * kMinute, [](int64_t) { return 20.0; },
     [](World& w, Random&, int64_t s) { return s < 600 || s > 1200 ? w.observe(1, 0) : of_class(w, 3); }},
    {"skewed_classes", 30 * kMinute, [](int64_t) { return 20.0; },
     [](World& w, Random& r, int64_t) { return r.uniform() < 0.6 ? of_class(w, 0) : w.observe(1, 0); }},
    {"sorted_by_class", 30 * kMinute, [](int64_t) { return 45.0; },
     [](World& w, Random&, int64_t s) { return of_class(w, static_cast<int>(s / 20 % World::kClasses)); }},
};

class Healthy : public ::testing::TestWithParam<Pattern> {
 protected:
  // Announced alarms.
  std::vector<std::string> alarms(uint64_t seed) {
    const Pattern& pattern = GetParam();
    World world(seed);
    Random random(seed + 7);
    Simulation simulation(seed, World(99).baseline());
    simulation.run(pattern.seconds, pattern.rate, [&](int64_t second) { return pattern.make(world, random, second); });
    return simulation.raised();
  }
};

std::string name_of(const ::testing::TestParamInfo<Pattern>& info) { return info.param.name; }

class QuietTraffic : public Healthy {};
TEST_P(QuietTraffic, RaisesAtMostOneAlarm) {
  for (uint64_t seed : {1u, 2u}) {
    const std::vector<std::string> raised = alarms(seed);
    EXPECT_LE(raised.size(), 1u) << fmt::format("{}", fmt::join(raised, "\n"));
  }
}
INSTANTIATE_TEST_SUITE_P(Patterns, QuietTraffic, ::testing::ValuesIn(kQuiet), name_of);

class OtherInputs : public Healthy {};
TEST_P(OtherInputs, AreOneAlarmThatSaysSo) {
  const std::vector<std::string> raised = alarms(1);
  ASSERT_EQ(raised.size(), 1u) << fmt::format("{}", fmt::join(raised, "\n"));
  EXPECT_THAT(raised[0], HasSubstr("detector=input_drift"));
}
INSTANTIATE_TEST_SUITE_P(Patterns, OtherInputs, ::testing::ValuesIn(kOtherInputs), name_of);

}  // namespace
}  // namespace slipway
