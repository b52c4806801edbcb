// RunKeeper and Interrupt: what is kept when, and what a second signal does.
#include "cli/run_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "base/file.h"
#include "cli/interrupt.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

TEST(Interrupt, TheFirstSignalIsAWishAndTheSecondAnEnd) {
  auto twice = [](int first, int second) {
    const Interrupt interrupt;
    if (interrupt.asked()) std::_Exit(1);
    std::raise(first);
    if (!interrupt.asked()) std::_Exit(2);
    std::raise(second);
    std::_Exit(3);
  };
  EXPECT_EXIT(twice(SIGINT, SIGINT), ::testing::ExitedWithCode(130), "once more: at once");
  EXPECT_EXIT(twice(SIGTERM, SIGINT), ::testing::ExitedWithCode(130), "Stopping behind this step");
  auto afterwards = [] {
    { const Interrupt interrupt; }
    std::raise(SIGTERM);
  };
  EXPECT_EXIT(afterwards(), ::testing::KilledBySignal(SIGTERM), "");
}

TEST(RunKeeper, WordsAreQuotedForAShell) {
  EXPECT_EQ(shell_quoted("runs/adult-2.x=é"), "runs/adult-2.x=é");
  EXPECT_EQ(shell_quoted("my runs"), "'my runs'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted(""), "''");
}

class Keeping : public ::testing::Test {
 protected:
  std::unique_ptr<RunKeeper> keeper(bool passing) {
    RunKeeperOptions options;
    options.runs = folder_.path() / "runs";
    options.passing = passing;
    options.name = "a";
    options.recipe = "name = \"a\"\n";
    options.destinations = {"-o", "my model.onnx"};
    return *RunKeeper::begin(options, {}, Json::object());
  }
  // An epoch goes by.
  static void see(RunKeeper& keeper, int64_t number) {
    train::FitListener listener;
    keeper.listen(listener);
    train::EpochResult epoch;
    epoch.epoch = number;
    epoch.seconds = 2;
    listener.epoch(epoch);
  }
  std::filesystem::path run() const { return folder_.path() / "runs" / "a"; }
  TemporaryDirectory folder_;
};

TEST_F(Keeping, ARunThatPassesLeavesNothingWhenAllWentWell) {
  auto passing = keeper(true);
  see(*passing, 1);
  EXPECT_TRUE(std::filesystem::exists(run() / "log.jsonl"));
  passing->finish({}, Json::object(), Json::object());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "runs"));
  auto staying = keeper(false);
  see(*staying, 1);
  staying->finish({}, Json::object({{"val_loss", 0.5}}), Json::object({{"result", "x"}}));
  const train::KeptRun read = *train::read_run(run());
  EXPECT_EQ(read.record.status, "finished");
  EXPECT_EQ(read.record.seconds, 2);
  EXPECT_EQ(read.record.metrics["val_loss"].as_double(), 0.5);
  EXPECT_EQ(read.epochs.size(), 1u);
  EXPECT_THAT(*read_file(run() / "log.jsonl"), HasSubstr("{\"result\":\"x\"}\n"));
}

TEST_F(Keeping, AFailureSaysWhatThereIs) {
  EXPECT_EQ(keeper(false)->fail(invalid("bad"), true).message(), "bad");
  EXPECT_FALSE(std::filesystem::exists(run())) << "no epoch, no run";
  auto with_checkpoint = keeper(true);
  see(*with_checkpoint, 1);
  ASSERT_TRUE(write_file_atomic(run() / "last.safetensors", "").ok());
  const std::string message = with_checkpoint->fail(exhausted("no space"), true).message();
  EXPECT_THAT(message, HasSubstr("no space\nThe run so far, with its weights, is kept in " + run().string()));
  EXPECT_THAT(message, HasSubstr("slipway train " + run().string() + " --resume -o 'my model.onnx'"));
  EXPECT_EQ(train::read_run(run())->record.status, "failed");
  EXPECT_EQ(train::read_run(run())->record.error, "no space");
}

TEST_F(Keeping, WithoutAFolderAPassingRunGoesOn) {
  RunKeeperOptions options;
  options.runs = "/proc/none";
  options.passing = true;
  auto keeper = RunKeeper::begin(options, {}, Json::object());
  ASSERT_TRUE(keeper.ok()) << keeper.status().message();
  EXPECT_TRUE((*keeper)->folder().empty());
  EXPECT_FALSE((*keeper)->can_go_on());
  see(**keeper, 1);
  EXPECT_EQ((*keeper)->fail(invalid("bad"), true).message(), "bad");
  options.passing = false;
  EXPECT_FALSE(RunKeeper::begin(options, {}, Json::object()).ok());
}

}  // namespace
}  // namespace slipway
