// The monitor's queue: counts stay whole when bytes do not fit.
#include "monitor/intake.h"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "support/world.h"

namespace slipway {
namespace {

Observation large(int64_t bytes) {
  Observation o{.model = "m", .version = 1, .endpoint = "test", .rows = 1};
  o.input = Tensor(DType::u8, {1, bytes});
  o.output = Tensor(DType::f32, {1, 10});
  return o;
}

// Holds its listener back until it is let go.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false;
  bool open = false;
  std::vector<Observation> seen;

  void take(std::vector<Observation>&& batch) {
    std::unique_lock lock(mutex);
    inside = true;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    for (Observation& o : batch) seen.push_back(std::move(o));
  }
  void wait_inside() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return inside; });
  }
  void let_go() {
    std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST(Intake, LargeInputsAreLeftOutWhenTheyComeFasterThanTheyAreLookedAt) {
  constexpr int64_t kImage = 4 << 20;
  Gate gate;
  Intake intake({.events = 1000, .bytes = 4 * kImage},
                [&](std::vector<Observation>&& batch) { gate.take(std::move(batch)); });
  EXPECT_TRUE(intake.offer(large(kImage)));
  gate.wait_inside();
  for (int i = 0; i < 99; ++i) EXPECT_TRUE(intake.offer(large(kImage)));
  EXPECT_LE(intake.waiting_bytes(), 4 * kImage + 100 * 40);
  EXPECT_EQ(intake.thinned(), 97);
  gate.let_go();
  intake.stop();
  EXPECT_EQ(intake.waiting_bytes(), 0);
  ASSERT_EQ(gate.seen.size(), 100u) << "every answer is counted";
  int with_input = 0;
  for (const Observation& o : gate.seen) {
    with_input += o.input.defined();
    EXPECT_TRUE(o.output.defined()) << "a small output is kept";
  }
  EXPECT_EQ(with_input, 3);
}

TEST(Intake, OneThatIsLargerThanTheLimitIsSeenWhenNothingWaits) {
  std::vector<Observation> seen;
  Intake intake({.bytes = 100}, [&](std::vector<Observation>&& batch) {
    for (Observation& o : batch) seen.push_back(std::move(o));
  });
  EXPECT_TRUE(intake.offer(large(1000)));
  intake.stop();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(seen[0].input.defined());
}

// An answer without its input must not say that its class's inputs have the mean 0.
TEST(Recorder, AnAnswerWithoutItsInputCountsForItsClassOnly) {
  World world(4);
  Recorder recorder({}, world.baseline());
  int64_t now = 1'000'000;
  for (int i = 0; i < 50; ++i) {
    Observation o = world.observe(1, now += 1000);
    o.input = {};
    recorder.observe(o);
  }
  Window total = recorder.total();
  EXPECT_EQ(total.rows, 50);
  EXPECT_EQ(total.classes.total(), 50);
  EXPECT_EQ(total.row_mean.count(), 0);
  EXPECT_TRUE(total.class_row_mean.empty());
}

}  // namespace
}  // namespace slipway
