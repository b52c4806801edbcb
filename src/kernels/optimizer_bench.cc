// Optimizer passes in GB/s, at the sizes of the 784-128-10 model and of one that leaves the caches.
#include "kernels/optimizer.h"

#include <cstring>
#include <vector>

#include <benchmark/benchmark.h>

#include "tensor/tensor.h"

namespace slipway::kernels {
namespace {

struct Buffers {
  std::vector<Tensor> tensors;

  Buffers(int count, int64_t n) {
    for (int i = 0; i < count; ++i) {
      tensors.emplace_back(DType::f32, Shape{n});
      for (float& x : tensors.back().mutable_data<float>()) x = 0.01f * static_cast<float>(i + 1);
    }
  }
  float* operator[](int i) { return static_cast<float*>(tensors[i].mutable_raw()); }
};

void adam(benchmark::State& state) {
  int64_t n = state.range(0);
  Buffers b(4, n);
  OptimizerTensors t = {{b[0], b[1], b[2], b[3]}, {b[0], b[2], b[3]}};
  OptimizerFn<AdamStep> update = adam_f32();
  int64_t time = 0;
  for (auto _ : state) update(t, 0, n, adam_step(0.001f, ++time, 0.9f, 0.999f, 1e-8f, 0.01f));
  state.SetBytesProcessed(state.iterations() * n * 7 * 4);
}
BENCHMARK(adam)->Arg(1 << 12)->Arg(101770)->Arg(1 << 24);

void sgd(benchmark::State& state) {
  int64_t n = state.range(0);
  Buffers b(3, n);
  OptimizerTensors t = {{b[0], b[1], b[2]}, {b[0], b[2]}};
  OptimizerFn<SgdStep> update = sgd_f32();
  for (auto _ : state) update(t, 0, n, {0.01f, 0.9f, 0, false});
  state.SetBytesProcessed(state.iterations() * n * 5 * 4);
}
BENCHMARK(sgd)->Arg(1 << 12)->Arg(101770)->Arg(1 << 24);

// What memory gives: as many bytes read and written by memcpy.
void copy(benchmark::State& state) {
  int64_t n = state.range(0) * 7 / 2;
  Buffers b(2, n);
  for (auto _ : state) {
    std::memcpy(b[0], b[1], static_cast<size_t>(n) * sizeof(float));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * n * 2 * 4);
}
BENCHMARK(copy)->Arg(1 << 12)->Arg(101770)->Arg(1 << 24);

}  // namespace
}  // namespace slipway::kernels

BENCHMARK_MAIN();
