// Progress: golden text of bars and lines, and when they are drawn.
#include "cli/progress.h"

#include <cstdlib>
#include <memory>

#include <gtest/gtest.h>

namespace slipway {
namespace {

// What `work` draws in `style`, with a clock that it moves by hand.
template <typename Work>
std::string drawn(ProgressStyle style, Work work) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  {
    ManualClock clock;
    Progress progress(style, clock, stream);
    work(progress, clock);
  }
  std::fclose(stream);
  std::string out(text, size);
  std::free(text);
  return out;
}

TEST(Progress, BarShowsWhereItStands) {
  ProgressState state{.label = "Epoch 1/5", .done = 938, .total = 1875, .elapsed_ns = 812'000'000, .note = "loss 0.15"};
  EXPECT_EQ(progress_bar(state, 100), "Epoch 1/5  ━━━━━━━━━━━━────────────   938/1875  812 ms  loss 0.15");
  EXPECT_EQ(progress_bar(state, 52), "Epoch 1/5  ━━━━━╸─────   938/1875  812 ms  loss 0.15");
  EXPECT_EQ(progress_bar(state, 40), "Epoch 1/5   938/1875  812 ms  loss 0.15");
  EXPECT_EQ(progress_bar(state, 35), "Epoch 1/5   938/1875  812 ms  loss ");
  state.done = 1875;
  EXPECT_EQ(progress_bar(state, 100), "Epoch 1/5  ━━━━━━━━━━━━━━━━━━━━━━━━  1875/1875  812 ms  loss 0.15");
  state.done = 40;
  state.note.clear();
  EXPECT_EQ(progress_bar(state, 80), "Epoch 1/5  ╸───────────────────────    40/1875  812 ms");
}

TEST(Progress, BarEstimatesWhatIsLeftAfterTwoSeconds) {
  ProgressState state{.label = "Epoch 1/5", .done = 30, .total = 90, .elapsed_ns = 3'000'000'000};
  EXPECT_EQ(progress_bar(state, 49), "Epoch 1/5  ━━━───────  30/90  3.00 s  6.00 s left");
  state.elapsed_ns = 1'000'000'000;
  EXPECT_EQ(progress_bar(state, 35), "Epoch 1/5  ━━━──────  30/90  1.00 s");
}

TEST(Progress, TheEndShowsEveryMetricOnANarrowTerminal) {
  const ProgressState state{
      .label = "Epoch 3/5",
      .done = 469,
      .total = 469,
      .elapsed_ns = 1'100'000'000,
      .note = "loss 0.0668  accuracy 0.9791  val_loss 0.0913  val_accuracy 0.9716  val_f1 0.9704"};
  EXPECT_EQ(progress_end(state, 79),
            "Epoch 3/5  ━━━━━━━━━━━━━━━━━━━━━━━━  469/469  1.10 s\n"
            "  loss 0.0668  accuracy 0.9791  val_loss 0.0913  val_accuracy 0.9716\n"
            "  val_f1 0.9704");
  EXPECT_EQ(progress_end(state, 130), progress_bar(state, 130));
}

TEST(Progress, BarOfUnknownLengthCounts) {
  EXPECT_EQ(progress_bar({.label = "Reading", .done = 7, .elapsed_ns = 2'000'000'000}, 80), "Reading  7  2.00 s");
}

TEST(Progress, LinesInAPipeComeAtTheEndAndEveryTenSeconds) {
  EXPECT_EQ(drawn(ProgressStyle::lines,
                  [](Progress& progress, ManualClock& clock) {
                    progress.begin("Epoch 1/2", 100);
                    clock.advance_us(9'000'000);
                    progress.update(40, "loss 0.9");
                    clock.advance_us(2'000'000);
                    progress.update(50, "loss 0.8");
                    clock.advance_us(1'000'000);
                    progress.finish("loss 0.5");
                  }),
            "Epoch 1/2:  50/100, 11.0 s, loss 0.8\n"
            "Epoch 1/2: 100/100, 12.0 s, loss 0.5\n");
}

TEST(Progress, BarIsRedrawnTenTimesASecondAndEndsItsLine) {
  EXPECT_EQ(drawn(ProgressStyle::bar,
                  [](Progress& progress, ManualClock& clock) {
                    progress.begin("Reading", 0);
                    for (int i = 1; i <= 4; ++i) {
                      clock.advance_us(50'000);
                      progress.update(i);
                    }
                    progress.finish("done");
                  }),
            "\r\x1b[KReading  0  0 ns"
            "\r\x1b[KReading  2  100 ms"
            "\r\x1b[KReading  4  200 ms"
            "\r\x1b[KReading  4  200 ms  done\n");
}

TEST(Progress, AnAbandonedBarEndsItsLine) {
  EXPECT_EQ(drawn(ProgressStyle::bar, [](Progress& progress, ManualClock&) { progress.begin("Reading", 0); }),
            "\r\x1b[KReading  0  0 ns\n");
}

TEST(Progress, SilentSaysNothing) {
  EXPECT_EQ(drawn(ProgressStyle::silent,
                  [](Progress& progress, ManualClock& clock) {
                    progress.begin("Epoch 1/2", 100);
                    clock.advance_us(99'000'000);
                    progress.update(50);
                    progress.finish();
                  }),
            "");
}

TEST(Progress, StyleFollowsTheStream) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  EXPECT_EQ(progress_style(false, file.get()), ProgressStyle::lines);
  EXPECT_EQ(progress_style(true, file.get()), ProgressStyle::silent);
}

}  // namespace
}  // namespace slipway
