// The journal on disk: over reopening, killing, damage.
#include "monitor/journal.h"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

AlarmEvent alarm_event(int64_t id, int64_t cleared_us = 0) {
  return {AlarmEvent::Kind::raised,
          {.id = id,
           .detector = "d",
           .subject = "s",
           .model = "m",
           .version = 1,
           .start_us = 5,
           .last_us = 6,
           .cleared_us = cleared_us,
           .message = "text \"quoted\""}};
}

TEST(Journal, KeepsAlarmsAuditRepairsAndTotals) {
  TemporaryDirectory folder;
  const auto path = folder.path() / "j.db";
  {
    auto journal = Journal::open(path).value();
    ASSERT_TRUE(journal->save_alarms({alarm_event(1), alarm_event(2)}).ok());
    ASSERT_TRUE(journal->save_alarms({alarm_event(1, 9)}).ok());
    ASSERT_TRUE(journal->append({.time_us = 3, .actor = "ana", .model = "m", .version = 2, .action = "approved"}).ok());
    ASSERT_TRUE(journal->save_repair(1, true, Json::object({{"id", 1}})).ok());
    ASSERT_TRUE(journal->save_repair(2, false, Json::object({{"id", 2}})).ok());
    Window window;
    window.requests = window.rows = 12;
    window.end_us = 77;
    ASSERT_TRUE(journal->save_window("m", 2, window, window).ok());
  }
  auto journal = Journal::open(path).value();
  auto active = journal->active_alarms().value();
  ASSERT_EQ(active.size(), 1u);
  EXPECT_EQ(active[0].id, 2);
  EXPECT_EQ(active[0].message, "text \"quoted\"");
  EXPECT_EQ(journal->alarms(10).value().size(), 2u);
  EXPECT_EQ(journal->next_alarm_id().value(), 3);
  EXPECT_EQ(journal->next_repair_id().value(), 3);
  EXPECT_EQ(journal->audit(10).value()[0].actor, "ana");
  EXPECT_EQ(journal->open_repairs().value().size(), 1u);
  EXPECT_EQ(journal->windows("m", 2, 70).value().items()[0]["rows"].as_int(), 12);
  EXPECT_TRUE(journal->windows("m", 2, 78).value().items().empty());
  EXPECT_EQ(journal->totals().value()[0].total.rows, 12);
}

TEST(Journal, ForgetsOldWindowsAndClearedAlarms) {
  TemporaryDirectory folder;
  auto journal = Journal::open(folder.path() / "j.db").value();
  ASSERT_TRUE(journal->save_alarms({alarm_event(1, 50), alarm_event(2)}).ok());
  ASSERT_TRUE(journal->forget(100).ok());
  EXPECT_EQ(journal->alarms(10).value().size(), 1u);
  EXPECT_EQ(journal->active_alarms().value().size(), 1u);
}

TEST(Journal, WhatWasSavedSurvivesAKill) {
  TemporaryDirectory folder;
  const auto path = folder.path() / "j.db";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto journal = Journal::open(path).value();
    for (int64_t id = 1;; ++id) {
      if (!journal->save_alarms({alarm_event(id)}).ok()) _exit(1);
      if (write(ready[1], &id, sizeof id) != sizeof id) _exit(1);
    }
  }
  int64_t saved = 0;
  while (saved < 20 && read(ready[0], &saved, sizeof saved) == sizeof saved) {
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[1]);
  for (int64_t id = 0; read(ready[0], &id, sizeof id) == sizeof id;) saved = id;
  close(ready[0]);
  auto journal = Journal::open(path);
  ASSERT_TRUE(journal.ok()) << journal.status().to_string();
  EXPECT_GE((*journal)->active_alarms().value().size(), static_cast<size_t>(saved));
}

TEST(Journal, SaysWhatIsWrongWithAFile) {
  TemporaryDirectory folder;
  const auto path = folder.path() / "j.db";
  ASSERT_TRUE(write_file_atomic(path, std::string(5000, 'x')).ok());
  auto damaged = Journal::open(path);
  EXPECT_EQ(damaged.status().code(), Code::data_loss);
  EXPECT_THAT(damaged.status().message(), HasSubstr("j.db"));
  EXPECT_EQ(Journal::open(folder.path() / "no" / "j.db").status().code(), Code::unavailable);
}

}  // namespace
}  // namespace slipway
