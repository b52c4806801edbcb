// Columns of few categories repeat their rows by themselves; other data repeat them only when somebody sends them
// again.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "monitor/detectors/all.h"
#include "monitor/recorder.h"
#include "sketch/baseline_builder.h"
#include "support/world.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

// A table of categorical columns: column c takes value v with probability shares[c][v].
using Table = std::vector<std::vector<double>>;

std::vector<float> row_of(const Table& table, Random& random) {
  std::vector<float> row;
  for (const std::vector<double>& shares : table) {
    double luck = random.uniform();
    size_t v = 0;
    while (v + 1 < shares.size() && luck >= shares[v]) luck -= shares[v++];
    row.push_back(static_cast<float>(v));
  }
  return row;
}

std::shared_ptr<const Baseline> trained_on(const Table& table) {
  Random random(5);
  BaselineBuilder builder(static_cast<int64_t>(table.size()), 1);
  const std::vector<float> answer{0.5f};
  for (int i = 0; i < 6000; ++i) CHECK(builder.add(row_of(table, random), answer, 1).ok(), "a row fits");
  return std::make_shared<const Baseline>(Baseline::from_json(builder.build().value().to_json()).value());
}

// What input_drift says after `count` rows.
std::vector<Finding> judge(const std::shared_ptr<const Baseline>& baseline, int count, uint64_t seed,
                           const std::function<std::vector<float>(Random&)>& make) {
  Recorder recorder({}, baseline);
  Random random(seed);
  int64_t now = 0;
  for (int i = 0; i < count; ++i) {
    const std::vector<float> row = make(random);
    recorder.observe({.version = 1,
                      .time_us = now += 5000,
                      .rows = 1,
                      .input = Tensor::of<float>({1, static_cast<int64_t>(row.size())}, row),
                      .output = Tensor::of<float>({1, 1}, std::vector<float>{0.5f})});
  }
  return find_detector("input_drift")->detect({.recent = recorder.recent(now), .baseline = baseline.get()}, {});
}

Table columns(size_t count, std::vector<double> shares) { return Table(count, std::move(shares)); }

TEST(Discrete, BinaryColumnsThatMoveAreSeen) {
  for (const size_t count : {1u, 2u, 6u, 10u, 12u, 20u}) {
    const auto baseline = trained_on(columns(count, {0.5, 0.5}));
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      const auto before = judge(baseline, 500, seed, [&](Random& r) { return row_of(columns(count, {0.5, 0.5}), r); });
      ASSERT_EQ(before.size(), 1u) << count;
      EXPECT_FALSE(before[0].firing()) << count << ": " << before[0].message;
      const auto after = judge(baseline, 500, seed, [&](Random& r) { return row_of(columns(count, {0.05, 0.95}), r); });
      ASSERT_EQ(after.size(), 1u) << count;
      EXPECT_TRUE(after[0].firing()) << count;
    }
  }
}

TEST(Discrete, CategoriesThatCollapseToTwoRowsAreSeen) {
  const auto baseline = trained_on(columns(2, {0.25, 0.25, 0.25, 0.25}));
  EXPECT_TRUE(baseline->discrete);
  const auto after =
      judge(baseline, 300, 1, [](Random& r) { return std::vector<float>(2, r.below(2) == 0 ? 0.f : 3.f); });
  ASSERT_EQ(after.size(), 1u);
  EXPECT_TRUE(after[0].firing());
}

// SEX-like, EDUCATION-like and twenty measured columns: rows do not repeat. A category that training never saw, in a
// fifth of the rows.
TEST(Discrete, ANewCategoryIsNamedWithinAHundredAndFifty) {
  Table codes = {{0.4, 0.6}, {0.1, 0.3, 0.4, 0.2}, {0.3, 0.3, 0.4}};
  auto mixed = [&](Random& random) {
    std::vector<float> row = row_of(codes, random);
    for (int i = 0; i < 20; ++i) row.push_back(static_cast<float>(random.normal()));
    return row;
  };
  Random random(8);
  BaselineBuilder builder(23, 1, {.names = {"SEX", "EDUCATION", "MARRIAGE"}});
  for (int i = 0; i < 6000; ++i) ASSERT_TRUE(builder.add(mixed(random), std::vector<float>{0.5f}, 1).ok());
  const auto baseline = std::make_shared<const Baseline>(builder.build().value());
  EXPECT_TRUE(baseline->common_rows.empty());
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const auto known = judge(baseline, 150, seed, mixed);
    EXPECT_FALSE(known.at(0).firing()) << known[0].message;
    for (const float code : {7.f, -1.f}) {
      const auto found = judge(baseline, 150, seed, [&](Random& r) {
        std::vector<float> row = mixed(r);
        if (r.uniform() < 0.2) row[1] = code;
        return row;
      });
      EXPECT_TRUE(found.at(0).firing()) << code;
      EXPECT_EQ(found[0].evidence["top"].items().at(0)["feature"].as_string(), "EDUCATION");
    }
  }
}

// Half of the training rows' mass is measured, the rest is one row that stands for "nothing known": it counts whenever
// it comes, and other rows once.
TEST(Discrete, ACommonRowCountsAsOftenAsItComes) {
  auto rows = [](double nothing, Random& random) {
    std::vector<float> row(5, 0);
    if (random.uniform() < nothing) return row;
    for (float& x : row) x = static_cast<float>(1 + random.normal());
    return row;
  };
  Random random(9);
  BaselineBuilder builder(5, 1);
  for (int i = 0; i < 6000; ++i) ASSERT_TRUE(builder.add(rows(0.4, random), std::vector<float>{0.5f}, 1).ok());
  const auto baseline = std::make_shared<const Baseline>(builder.build().value());
  EXPECT_EQ(baseline->common_rows.size(), 1u);
  EXPECT_FALSE(baseline->discrete);
  EXPECT_FALSE(judge(baseline, 500, 1, [&](Random& r) { return rows(0.4, r); }).at(0).firing());
  EXPECT_TRUE(judge(baseline, 500, 1, [&](Random& r) { return rows(0.9, r); }).at(0).firing());
  EXPECT_FALSE(judge(baseline, 500, 1,
                     [&](Random& r) {
                       if (r.uniform() < 0.5) return rows(0.4, r);
                       Random fixed(r.below(3));
                       return rows(0, fixed);
                     })
                   .at(0)
                   .firing());
}

// Half of the answers are to the same three rows.
TEST(Repeats, ProveNothingToAnyDetector) {
  const auto baseline = World(99).baseline();
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    World world(seed);
    Random random(seed);
    Recorder recorder({}, baseline);
    int64_t now = 0;
    for (int i = 0; i < 1500; ++i) {
      World fixed(random.below(3));
      Observation o = random.uniform() < 0.5 ? fixed.observe(1, 0) : world.observe(1, 0);
      o.time_us = now += 5000;
      recorder.observe(o);
    }
    const View view{.recent = recorder.recent(now), .baseline = baseline.get()};
    EXPECT_LT(view.recent.independent_rows, view.recent.rows * 6 / 10);
    EXPECT_EQ(view.recent.all_classes().total(), view.recent.rows);
    for (const Detector* d : all_detectors()) {
      for (const Finding& f : d->detect(view, {})) EXPECT_FALSE(f.firing()) << d->name << ": " << f.message;
    }
  }
}

}  // namespace
}  // namespace slipway
