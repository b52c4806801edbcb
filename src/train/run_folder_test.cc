// Run folders: names, what is read back, and who may write.
#include "train/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway::train {
namespace {

using ::testing::HasSubstr;

Json epoch(int64_t number) { return Json::object({{"epoch", number}, {"loss", 1.0 / static_cast<double>(number)}}); }

TEST(RunFolder, TakenNamesAreNumbered) {
  TemporaryDirectory folder;
  const auto runs = folder.path() / "runs";
  EXPECT_EQ(RunFolder::make(runs, "adult")->path(), runs / "adult");
  EXPECT_EQ(RunFolder::make(runs, "adult")->path(), runs / "adult-2");
  EXPECT_EQ(RunFolder::make(runs, "adult")->path(), runs / "adult-3");
  EXPECT_EQ(RunFolder::make(runs, "../a b/é")->path(), runs / "-.-a-b-é");
  EXPECT_EQ(RunFolder::make(runs, "")->path(), runs / "run");
  Result<RunFolder> refused = RunFolder::make("/proc/none", "adult");
  EXPECT_THAT(refused.status().message(), HasSubstr("/proc/none"));
}

TEST(RunFolder, TellsOfARunWhatWasWrittenOfIt) {
  TemporaryDirectory folder;
  RunRecord record;
  record.status = "finished";
  record.started_us = 5;
  record.seconds = 1.25;
  record.epochs = 2;
  record.planned_epochs = 3;
  record.kept_epoch = 1;
  record.monitor = "val_loss";
  record.parameters = 42;
  record.data = "x.csv";
  record.metrics.set("test_loss", 0.5);
  record.error = "none";
  {
    RunFolder run = *RunFolder::make(folder.path(), "a");
    ASSERT_TRUE(write_file_atomic(run.recipe(), "name = \"a\"\n").ok());
    ASSERT_TRUE(run.write_log({Json::object({{"data", "x"}}), epoch(1)}).ok());
    ASSERT_TRUE(run.add_to_log(epoch(2)).ok());
    ASSERT_TRUE(run.write_record(record).ok());
    ASSERT_TRUE(run.write_curves(1).ok());
  }
  record.name = "a";
  Result<KeptRun> read = read_run(folder.path() / "a");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(to_json(read->record).dump(), to_json(record).dump());
  EXPECT_EQ(read->recipe, "name = \"a\"\n");
  ASSERT_EQ(read->epochs.size(), 2u);
  EXPECT_EQ(read->epochs[1].dump(), epoch(2).dump());
  EXPECT_THAT(*read_file(folder.path() / "a" / "curves.svg"), HasSubstr("a, kept: epoch 1"));
}

TEST(RunFolder, OneProcessWritesAndADeadOneIsTold) {
  TemporaryDirectory folder;
  {
    RunFolder run = *RunFolder::make(folder.path(), "a");
    ASSERT_TRUE(write_file_atomic(run.recipe(), "").ok());
    ASSERT_TRUE(run.write_record({}).ok());
    EXPECT_EQ(RunFolder::open(run.path()).status().code(), Code::failed_precondition);
    EXPECT_EQ(read_run(run.path())->record.status, "running");
  }
  EXPECT_EQ(read_run(folder.path() / "a")->record.status, "stopped");
  EXPECT_TRUE(RunFolder::open(folder.path() / "a").ok());
}

TEST(RunFolder, RunsAreListedByTheirTime) {
  TemporaryDirectory folder;
  int64_t time = 10;
  for (const char* name : {"z", "y", "x"}) {
    RunFolder run = *RunFolder::make(folder.path(), name);
    RunRecord record;
    record.started_us = --time;
    ASSERT_TRUE(write_file_atomic(run.recipe(), "").ok());
    ASSERT_TRUE(run.write_record(record).ok());
    if (time == 7) {
      run.remove();
      EXPECT_FALSE(std::filesystem::exists(run.path()));
    }
  }
  ASSERT_TRUE(make_directories(folder.path() / "other").ok());
  Result<std::vector<KeptRun>> runs = read_runs(folder.path());
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[0].record.name, "y");
  EXPECT_EQ((*runs)[1].record.name, "z");
  EXPECT_EQ(read_runs(folder.path() / "none").status().code(), Code::not_found);
}

}  // namespace
}  // namespace slipway::train
