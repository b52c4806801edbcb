// Training repeats to the byte, goes on bit for bit where it was interrupted, and says what it cannot go on from.
#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/clouds.h"

namespace slipway::train {
namespace {

TEST(Trainer, TheSameSeedGivesTheSameBytes) {
  auto a = trainer(options(3)), b = trainer(options(3));
  ASSERT_TRUE(fit(*a, {}).ok());
  ASSERT_TRUE(fit(*b, {}).ok());
  expect_same_weights(*a, *b);
}

TEST(Trainer, ResumesBitForBitWithEveryOptimizer) {
  for (const Optimizer& optimizer : optimizers()) {
    SCOPED_TRACE(fingerprint(optimizer));
    TemporaryDirectory folder;
    auto with_epochs = [&](int64_t epochs) {
      TrainerOptions o = options(epochs);
      o.training.optimizer = optimizer;
      o.schedule = StepDecay(20, 0.9);
      return trainer(o);
    };
    auto whole = with_epochs(4), first = with_epochs(2), second = with_epochs(4);
    ASSERT_TRUE(fit(*whole, {}).ok());
    ASSERT_TRUE(fit(*first, {.checkpoints = folder.path()}).ok());
    Result<FitResult> result = fit(*second, {.checkpoints = folder.path(), .resume = true});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_TRUE(result->resumed);
    EXPECT_EQ(result->epochs.size(), 4u);
    expect_same_weights(*whole, *second);
  }
}

// Stopped after a step, with sums, slots and gathered gradients in the middle of an epoch.
TEST(Trainer, StopsWithinAnEpochAndGoesOnBitForBit) {
  for (const Optimizer& optimizer : optimizers()) {
    SCOPED_TRACE(fingerprint(optimizer));
    TemporaryDirectory folder;
    TrainerOptions o = options(3);
    o.training.optimizer = optimizer;
    o.schedule = CosineDecay(0.01, 5);
    auto whole = trainer(o);
    Result<FitResult> expected = fit(*whole, {});
    ASSERT_TRUE(expected.ok());
    const int64_t batches = whole->batches();
    ASSERT_GT(batches, 4);
    for (int64_t steps : {int64_t{3}, batches, batches + 2, 2 * batches - 1}) {
      SCOPED_TRACE(steps);
      auto first = trainer(o), second = trainer(o);
      int64_t done = 0;
      FitListener listener;
      listener.step = [&](int64_t, int64_t, int64_t, const Evaluation&) { ++done; };
      listener.stop = [&] { return done >= steps; };
      Result<FitResult> stopped = fit(*first, {.checkpoints = folder.path()}, listener);
      ASSERT_TRUE(stopped.ok()) << stopped.status().message();
      EXPECT_TRUE(stopped->interrupted);
      EXPECT_EQ(done, steps);
      EXPECT_EQ(first->epoch() * batches + first->batch(), steps);
      Result<FitResult> result = fit(*second, {.checkpoints = folder.path(), .resume = true});
      ASSERT_TRUE(result.ok()) << result.status().message();
      EXPECT_FALSE(result->interrupted);
      expect_same_weights(*whole, *second);
      for (size_t e = 0; e < 3; ++e) {
        Json found = to_json(result->epochs[e]).set("seconds", 0),
             wanted = to_json(expected->epochs[e]).set("seconds", 0);
        EXPECT_EQ(found.dump(), wanted.dump());
      }
    }
  }
}

TEST(Trainer, AnEpochThatWasStoppedGoesOnInTheSameProcess) {
  auto whole = trainer(options(2)), stopped = trainer(options(2));
  ASSERT_TRUE(fit(*whole, {}).ok());
  int64_t asked = 0;
  EXPECT_EQ(stopped->run_epoch(nullptr, [&] { return ++asked == 5; }).status().code(), Code::cancelled);
  EXPECT_EQ(stopped->batch(), 5);
  ASSERT_TRUE(stopped->run_epoch().ok());
  EXPECT_EQ(stopped->batch(), 0);
  ASSERT_TRUE(stopped->run_epoch().ok());
  expect_same_weights(*whole, *stopped);
}

// Interrupted in the middle of a schedule that knows the length of the run, with a factor from the plateau callback.
TEST(Trainer, ResumesBitForBitOnEverySchedule) {
  for (const Schedule& schedule : {CosineDecay(0.01, 5), CosineDecayRestarts(7), OneCycle(), PolynomialDecay(0.1, 2),
                                   ExponentialDecay(10, 0.9), PiecewiseConstantDecay({10, 30}, {1, 0.5, 0.1})}) {
    SCOPED_TRACE(schedule.type);
    TemporaryDirectory folder;
    FitOptions plateau;
    plateau.checkpoints = folder.path();
    plateau.callbacks.reduce_lr_on_plateau = ReduceOnPlateau{.factor = 0.5, .patience = 1, .min_delta = 1};
    TrainerOptions o = options(4);
    o.schedule = schedule;
    auto whole = trainer(o), first = trainer(o), second = trainer(o);
    ASSERT_TRUE(fit(*whole, plateau).ok());
    // Two epochs and then a crash: the callbacks' state dies with the program.
    int64_t epochs = 0;
    FitListener stop;
    stop.epoch = [&](const EpochResult&) {
      if (++epochs == 2) throw std::runtime_error("crash");
    };
    EXPECT_THROW(static_cast<void>(fit(*first, plateau, stop)), std::runtime_error);
    plateau.resume = true;
    Result<FitResult> result = fit(*second, plateau);
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->epochs.size(), 4u);
    expect_same_weights(*whole, *second);
  }
}

// The best is restored from the checkpoint where it belongs to an earlier process.
TEST(Trainer, SparingCheckpointsEndWithTheLastAndTheBest) {
  TemporaryDirectory folder;
  TrainerOptions o = options(6);
  o.training.optimizer = SGD(0.05);
  o.schedule = PiecewiseConstantDecay({48}, {1, 200});
  auto whole = trainer(o), first = trainer(o), second = trainer(o);
  const FitOptions sparing{.restore_best = true, .checkpoints = folder.path(), .saving = Saving::sparing};
  Result<FitResult> expected = fit(*whole, {.restore_best = true});
  ASSERT_TRUE(expected.ok());
  FitListener listener;
  listener.stop = [&] { return first->epoch() == 5; };
  ASSERT_TRUE(fit(*first, sparing, listener)->interrupted);
  FitOptions resume = sparing;
  resume.resume = true;
  Result<FitResult> result = fit(*second, resume);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->kept_epoch, expected->best_epoch);
  EXPECT_LT(result->kept_epoch, 5) << "the first process found it";
  expect_same_weights(*whole, *second);
}

// Training goes on where a later checkpoint cannot be written; where the first cannot, nothing is lost yet.
TEST(Trainer, ACheckpointThatCannotBeWrittenIsANote) {
  TemporaryDirectory folder;
  const std::filesystem::path kept = folder.path() / "kept", hidden = folder.path() / "hidden";
  auto t = trainer(options(3));
  std::vector<std::string> notes;
  FitListener listener;
  listener.epoch = [&](const EpochResult& epoch) {
    if (epoch.epoch == 1) std::filesystem::rename(kept, hidden);
  };
  listener.note = [&](const std::string& note) { notes.push_back(note); };
  Result<FitResult> result = fit(*t, {.checkpoints = kept}, listener);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->epochs.size(), 3u);
  ASSERT_FALSE(notes.empty());
  EXPECT_NE(notes[0].find("safetensors"), std::string::npos) << notes[0];
  EXPECT_TRUE(std::filesystem::exists(hidden / "last.safetensors"));
  ASSERT_TRUE(write_file_atomic(folder.path() / "file", "").ok());
  EXPECT_FALSE(fit(*trainer(options(1)), {.checkpoints = folder.path() / "file"}).ok());
}

TEST(Trainer, CallbacksWriteTablesAndEvents) {
  TemporaryDirectory folder;
  FitOptions o;
  o.checkpoints = folder.path() / "run";
  o.callbacks.csv_log = folder.path() / "logs" / "epochs.csv";
  o.callbacks.tensorboard = folder.path() / "events";
  ASSERT_TRUE(fit(*trainer(options(2)), o).ok());
  o.resume = true;
  ASSERT_TRUE(fit(*trainer(options(3)), o).ok());
  std::string csv = *read_file(o.callbacks.csv_log);
  EXPECT_TRUE(csv.starts_with("epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,steps\n1,")) << csv;
  EXPECT_EQ(std::ranges::count(csv, '\n'), 4);
  size_t events = 0;
  for (const auto& entry : std::filesystem::directory_iterator(o.callbacks.tensorboard)) {
    std::string bytes = *read_file(entry.path());
    for (size_t at = bytes.find("val_loss"); at != std::string::npos; at = bytes.find("val_loss", at + 1)) ++events;
  }
  EXPECT_EQ(events, 3u);
}

TEST(Trainer, RefusesACheckpointOfAnotherRun) {
  TemporaryDirectory folder;
  auto first = trainer(options(1));
  ASSERT_TRUE(fit(*first, {.checkpoints = folder.path()}).ok());
  TrainerOptions other = options(2);
  other.batch_size = 64;
  auto second = trainer(other);
  Status status = fit(*second, {.checkpoints = folder.path(), .resume = true}).status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find("resume with the recipe it was made with"), std::string::npos) << status.message();
}

// Weights are what a flipped bit would change unseen.
TEST(Trainer, RefusesADamagedCheckpoint) {
  TemporaryDirectory folder;
  ASSERT_TRUE(fit(*trainer(options(1)), {.checkpoints = folder.path()}).ok());
  const std::filesystem::path last = folder.path() / "last.safetensors";
  std::string bytes = *read_file(last);
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 4);
  ASSERT_TRUE(write_file_atomic(last, bytes).ok());
  Status status = fit(*trainer(options(2)), {.checkpoints = folder.path(), .resume = true}).status();
  EXPECT_EQ(status.code(), Code::data_loss);
  EXPECT_NE(status.message().find("the file is damaged"), std::string::npos) << status.message();
}

TEST(Trainer, SaysWhenItGoesOnWithOtherThreads) {
  TemporaryDirectory folder;
  TrainerOptions o = options(1);
  o.threads = 1;
  ASSERT_TRUE(fit(*trainer(o), {.checkpoints = folder.path()}).ok());
  std::vector<std::string> notes;
  FitListener listener;
  listener.note = [&](const std::string& note) { notes.push_back(note); };
  o.epochs = 2;
  ASSERT_TRUE(fit(*trainer(o), {.checkpoints = folder.path(), .resume = true}, listener).ok());
  EXPECT_TRUE(notes.empty());
  o.threads = 2;
  ASSERT_TRUE(fit(*trainer(o), {.checkpoints = folder.path(), .resume = true}, listener).ok());
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("\"threads\":1"), std::string::npos) << notes[0];
}

}  // namespace
}  // namespace slipway::train
