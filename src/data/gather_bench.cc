// What a batch of 784 features costs: gathering random rows of a data set of MNIST's size.
#include "data/gather.h"

#include <benchmark/benchmark.h>

#include "base/random.h"

namespace slipway {
namespace {

void gather_784(benchmark::State& state, DType dtype) {
  constexpr uint32_t kExamples = 60000;
  Tensor x(dtype, {kExamples, 784});
  Random random(1);
  std::vector<uint32_t> order = permutation(kExamples, random);
  auto batch = static_cast<size_t>(state.range(0));
  std::vector<float> y(batch * 784);
  Scaling scaling{{1.f / 255}, {0}};
  size_t at = 0;
  for (auto _ : state) {
    if (at + batch > order.size()) at = 0;
    gather_scaled(x, 784, 784, std::span<const uint32_t>(order).subspan(at, batch), scaling, y.data());
    benchmark::ClobberMemory();
    at += batch;
  }
}

BENCHMARK_CAPTURE(gather_784, uint8, DType::u8)->Arg(32)->Arg(128)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(gather_784, float32, DType::f32)->Arg(32)->Arg(128)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace slipway

BENCHMARK_MAIN();
