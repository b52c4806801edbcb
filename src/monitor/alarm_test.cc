// The life of an alarm.
#include "monitor/alarm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using Kind = AlarmEvent::Kind;

std::vector<Finding> finding(double statistic) {
  return {{.subject = "classes", .statistic = statistic, .threshold = 1, .message = "m"}};
}

TEST(AlarmBook, RaisesRefreshesAndClearsWithHysteresis) {
  AlarmBook book({.raise_after = 2, .clear_after = 2, .clear_us = 10, .clear_ratio = 0.5});
  struct Step {
    double statistic;
    int events;
    Kind kind;
    bool active;
  };
  const Step steps[] = {
      {2.0, 0, Kind::raised, false},  // once is not enough
      {0.9, 0, Kind::raised, false},  // and the count begins anew
      {2.0, 0, Kind::raised, false},   {3.0, 1, Kind::raised, true},   {1.1, 1, Kind::refreshed, true},
      {0.7, 0, Kind::refreshed, true},  // under the threshold, yet not quiet
      {0.2, 0, Kind::refreshed, true},  // quiet once
      {0.6, 0, Kind::refreshed, true},  // not quiet
      {0.2, 0, Kind::refreshed, true}, {0.2, 1, Kind::cleared, false}, {0.2, 0, Kind::cleared, false},
  };
  int64_t now = 100;
  for (const Step& step : steps) {
    auto events = book.apply("output_drift", "digits", 3, finding(step.statistic), now += 10);
    ASSERT_EQ(static_cast<int>(events.size()), step.events) << now;
    if (step.events > 0) {
      EXPECT_EQ(events[0].kind, step.kind) << now;
    }
    EXPECT_EQ(!book.active().empty(), step.active) << now;
  }
  EXPECT_EQ(book.raised(), 1);
}

TEST(AlarmBook, KeepsStartAndWorstSeverity) {
  AlarmBook book;
  auto findings = finding(2);
  findings[0].severity = Severity::critical;
  book.apply("d", "m", 1, findings, 10);
  findings[0].severity = Severity::warning;
  auto events = book.apply("d", "m", 1, findings, 20);
  EXPECT_EQ(events[0].alarm.start_us, 10);
  EXPECT_EQ(events[0].alarm.last_us, 20);
  EXPECT_EQ(events[0].alarm.severity, Severity::critical);
}

TEST(AlarmBook, SaysNothingAboutSubjectsWithoutData) {
  AlarmBook book;
  book.apply("d", "m", 1, finding(2), 10);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(book.apply("d", "m", 1, {}, 20 + i).empty());
  EXPECT_EQ(book.active().size(), 1u);
}

TEST(AlarmBook, RaisesWhatLastsAndClearsWhatStaysAway) {
  AlarmBook book({.clear_after = 1, .clear_us = 20});
  auto lasting = finding(2);
  lasting[0].confirm_us = 30;
  EXPECT_TRUE(book.apply("d", "m", 1, lasting, 10).empty());
  EXPECT_TRUE(book.apply("d", "m", 1, finding(0.9), 20).empty());
  EXPECT_TRUE(book.apply("d", "m", 1, lasting, 30).empty());
  EXPECT_TRUE(book.apply("d", "m", 1, lasting, 50).empty());
  auto raised = book.apply("d", "m", 1, lasting, 60);
  ASSERT_EQ(raised.size(), 1u);
  EXPECT_EQ(raised[0].alarm.start_us, 30);
  EXPECT_TRUE(book.apply("d", "m", 1, finding(0.1), 70).empty());
  EXPECT_TRUE(book.apply("d", "m", 1, finding(0.1), 80).empty());
  auto cleared = book.apply("d", "m", 1, finding(0.1), 90);
  ASSERT_EQ(cleared.size(), 1u);
  EXPECT_EQ(cleared[0].kind, Kind::cleared);
}

TEST(AlarmBook, WhatAnotherAlarmExplainsIsAPartOfItUntilThatEnds) {
  AlarmBook book({.clear_after = 1, .clear_us = 0});
  const int64_t main = book.apply("input_drift", "m", 1, finding(2), 10)[0].alarm.id;
  auto explained = finding(2);
  explained[0].explained_by = {{"input_drift", "classes"}};
  auto part = book.apply("output_drift", "m", 1, explained, 10);
  EXPECT_EQ(part[0].kind, Kind::raised);
  EXPECT_EQ(part[0].alarm.part_of, main);
  EXPECT_EQ(book.raised(), 1);
  EXPECT_EQ(book.apply("output_drift", "m", 1, explained, 20)[0].kind, Kind::refreshed);
  EXPECT_EQ(book.apply("output_drift", "m", 2, explained, 20)[0].alarm.part_of, 0);
  EXPECT_EQ(book.apply("input_drift", "m", 1, finding(0), 30)[0].kind, Kind::cleared);
  auto alone = book.apply("output_drift", "m", 1, explained, 40);
  EXPECT_EQ(alone[0].kind, Kind::raised);
  EXPECT_EQ(alone[0].alarm.part_of, 0);
  EXPECT_EQ(alone[0].alarm.id, part[0].alarm.id);
  EXPECT_EQ(book.raised(), 3);
}

TEST(AlarmBook, ClosesAVersionOnly) {
  AlarmBook book;
  book.apply("d", "m", 1, finding(2), 10);
  book.apply("d", "m", 2, finding(2), 10);
  auto events = book.close("m", 2, "rolled back", 30);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].alarm.cleared_because, "rolled back");
  EXPECT_EQ(book.active().size(), 1u);
}

TEST(AlarmBook, GoesOnAfterARestart) {
  AlarmBook book;
  Alarm alarm = book.apply("d", "m", 1, finding(2), 10)[0].alarm;
  auto copy = Alarm::from_json(Json::parse(alarm.to_json().dump()).value());
  ASSERT_TRUE(copy.ok());
  AlarmBook next({}, 1);
  next.restore(*copy);
  auto events = next.apply("d", "m", 1, finding(3), 20);
  EXPECT_EQ(events[0].kind, Kind::refreshed);
  EXPECT_EQ(events[0].alarm.id, alarm.id);
  EXPECT_EQ(events[0].alarm.start_us, 10);
  EXPECT_EQ(next.apply("d", "m", 2, finding(3), 20)[0].alarm.id, alarm.id + 1);
}

TEST(Alarm, SpellsItself) {
  Alarm a{.id = 7,
          .detector = "d",
          .subject = "s",
          .model = "m",
          .version = 2,
          .severity = Severity::critical,
          .start_us = 1'000'000,
          .last_us = 2'000'000,
          .statistic = 2.5,
          .threshold = 1,
          .message = "text"};
  EXPECT_EQ(a.to_json().dump(),
            R"({"id":7,"detector":"d","subject":"s","model":"m","version":2,"severity":"critical","active":true,)"
            R"("start_us":1000000,"start":"1970-01-01T00:00:01.000Z","last_us":2000000,)"
            R"("last":"1970-01-01T00:00:02.000Z","statistic":2.5,"threshold":1,"message":"text","evidence":{}})");
  EXPECT_FALSE(Alarm::from_json(Json::object()).ok());
  AlarmEvent event{Kind::cleared, a};
  EXPECT_EQ(event.to_json().dump(), R"({"event":"cleared","alarm":)" + a.to_json().dump() + "}");
}

}  // namespace
}  // namespace slipway
