// How fast tensors come out of JSON and go back: one digit image, a batch of them, and answers.
#include "serve/json_tensor.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/random.h"
#include "serve/tfs_json.h"

namespace slipway {
namespace {

// `rows` examples of 784 numbers of which four in five are zero, with `digits` digits behind the point.
std::string images(int64_t rows, int digits) {
  Random random(1);
  std::string text = "{\"instances\":[";
  for (int64_t row = 0; row < rows; ++row) {
    text += row == 0 ? "[" : ",[";
    for (int i = 0; i < 784; ++i) {
      if (i > 0) text += ',';
      text += random.below(5) != 0 ? "0.0" : fmt::format("{:.{}f}", random.uniform(), digits);
    }
    text += ']';
  }
  return text + "]}";
}

void read_instances(benchmark::State& state) {
  std::vector<Port> ports = {{"x", DType::f32, {Dim::named("n"), 784}}};
  std::string text = images(state.range(0), static_cast<int>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(read_predict_body(text, ports));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(read_instances)->ArgsProduct({{1, 32}, {4, 8, 17}})->ArgNames({"rows", "digits"});

void write_predictions(benchmark::State& state) {
  Random random(2);
  Tensor y(DType::f32, {state.range(0), 10});
  for (float& x : y.mutable_data<float>()) x = static_cast<float>(random.uniform());
  for (auto _ : state) benchmark::DoNotOptimize(write_predict_body(true, {"y"}, {y}));
}
BENCHMARK(write_predictions)->Arg(1)->Arg(32)->ArgName("rows");

}  // namespace
}  // namespace slipway

BENCHMARK_MAIN();
