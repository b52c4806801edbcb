// What an observation costs: rows of 784 floats answered with 10 classes, as an image classifier's.
#include <benchmark/benchmark.h>

#include "base/random.h"
#include "monitor/monitor.h"
#include "sketch/answer.h"
#include "sketch/baseline_builder.h"

namespace slipway {
namespace {

constexpr int64_t kWidth = 784;
constexpr int64_t kClasses = 10;

struct Digits {
  Digits() : random(3), inputs(static_cast<size_t>(kRows * kWidth)), outputs(static_cast<size_t>(kRows * kClasses)) {
    for (float& x : inputs) x = random.uniform() < 0.8 ? 0 : static_cast<float>(random.uniform());
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t c = 0; c < kClasses; ++c)
        outputs[static_cast<size_t>(r * kClasses + c)] = c == r % 10 ? 0.91f : 0.01f;
    }
    BaselineBuilder builder(kWidth, kClasses, {.row_shape = {28, 28}});
    CHECK(builder.add(inputs, outputs, kRows).ok(), "rows fit");
    baseline = std::make_shared<const Baseline>(builder.build().value());
  }
  Observation observation(int64_t rows) const {
    std::vector<float> x(inputs.begin(), inputs.begin() + rows * kWidth);
    std::vector<float> y(outputs.begin(), outputs.begin() + rows * kClasses);
    return {.model = "digits",
            .version = 1,
            .endpoint = "tfs_predict",
            .rows = rows,
            .queue_ns = 50'000,
            .compute_ns = 40'000,
            .total_ns = 120'000,
            .input = Tensor::of<float>({rows, kWidth}, x),
            .output = Tensor::of<float>({rows, kClasses}, y)};
  }

  static constexpr int64_t kRows = 2048;
  Random random;
  std::vector<float> inputs, outputs;
  std::shared_ptr<const Baseline> baseline;
};

const Digits& digits() {
  static const Digits all;
  return all;
}

// One request of range(0) rows; range(1) requests a second decide how many rows have every feature counted.
void observe(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const int64_t step_us = 1'000'000 / state.range(1);
  Recorder recorder({}, digits().baseline);
  Observation o = digits().observation(rows);
  o.time_us = 1'000'000;
  for (auto _ : state) {
    o.time_us += step_us;
    recorder.observe(o);
  }
  state.SetItemsProcessed(state.iterations() * rows);
  state.counters["per_row"] = benchmark::Counter(static_cast<double>(state.iterations() * rows),
                                                 benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(observe)
    ->ArgNames({"rows", "per_second"})
    ->Args({1, 1000})
    ->Args({1, 50000})
    ->Args({32, 1000})
    ->Args({32, 5000});

// Counting every feature of a row, by rows in a batch.
void count_features(benchmark::State& state) {
  FeatureCounts counts(digits().baseline->edges());
  for (auto _ : state) counts.add(digits().inputs.data(), state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(count_features)->Arg(1)->Arg(32);

void summarize(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(summarize_row({digits().inputs.data(), kWidth}));
}
BENCHMARK(summarize);

void answer(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(read_answer({digits().outputs.data(), kClasses}));
}
BENCHMARK(answer);

// All detectors over one version's windows.
void tick(benchmark::State& state) {
  ManualClock clock(1'000'000);
  auto monitor = Monitor::create({}, clock).value();
  monitor->set_baseline("digits", 1, digits().baseline);
  Observation o = digits().observation(32);
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < 100; ++i) {
      clock.advance_us(1000);
      o.time_us = clock.now_us();
      monitor->observe({o});
    }
    state.ResumeTiming();
    CHECK(monitor->tick().ok(), "without a journal nothing can fail");
  }
}
BENCHMARK(tick)->Unit(benchmark::kMillisecond);

void add_to_baseline(benchmark::State& state) {
  BaselineBuilder builder(kWidth, kClasses);
  for (auto _ : state) CHECK(builder.add(digits().inputs, digits().outputs, Digits::kRows).ok(), "rows fit");
  state.SetItemsProcessed(state.iterations() * Digits::kRows);
}
BENCHMARK(add_to_baseline)->Unit(benchmark::kMillisecond);

void build_baseline(benchmark::State& state) {
  BaselineBuilder builder(kWidth, kClasses);
  for (int i = 0; i < 4; ++i) CHECK(builder.add(digits().inputs, digits().outputs, Digits::kRows).ok(), "rows fit");
  for (auto _ : state) benchmark::DoNotOptimize(builder.build());
}
BENCHMARK(build_baseline)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace slipway

BENCHMARK_MAIN();
