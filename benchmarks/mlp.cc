// The 784-128-10 model: a training step beside its floor, inference, five epochs, accuracy over seeds, identical bytes.
//
// The floor of a step is the sum of its bare oneDNN matrix products, each timed alone in a loop, plus one pass over the
// bytes that Adam must read and write. With --peers: beside PyTorch (training) and ONNX Runtime (inference), in this
// run.
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "base/random.h"
#include "beside.h"
#include "data/locate.h"
#include "formats/format.h"
#include "kernels/primitive.h"
#include "runtime/session.h"
#include "train/layers.h"
#include "train/trainer.h"
#include "train/training_graph.h"

namespace slipway {
namespace {

constexpr int kRuns = 1500;
constexpr int64_t kIn = 784, kHidden = 128, kOut = 10;
constexpr int64_t kParameters = kIn * kHidden + kHidden + kHidden * kOut + kOut;

Tensor random_tensor(Shape shape, uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.normal() * 0.1);
  return t;
}

double matmul_us(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b) {
  MatmulSpec spec;
  spec.m = m;
  spec.n = n;
  spec.k = k;
  spec.transpose_a = transpose_a;
  spec.transpose_b = transpose_b;
  auto pack = [](const Tensor&, const std::string&, const std::function<Tensor()>& make) { return make(); };
  auto primitive = must(make_matmul(spec, pack));
  Tensor a = random_tensor({m, k}, 1), b = random_tensor({k, n}, 2), c = random_tensor({m, n}, 3);
  std::shared_ptr<std::byte> scratch = allocate_bytes(primitive->scratch_bytes());
  std::shared_ptr<void> instance = primitive->make_instance();
  const void* in[] = {a.raw(), b.raw()};
  void* out[] = {c.mutable_raw()};
  return median_us(kRuns, [&] { primitive->run(instance.get(), in, out, scratch.get()); });
}

// Adam reads p, g, m, v and writes p, m, v: the least time is that of a plain vector pass with this traffic.
__attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3"))) void adam_traffic(
    float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict v) {
  for (int64_t i = 0; i < kParameters; ++i) {
    m[i] = 0.9f * m[i] + 0.1f * g[i];
    v[i] = 0.9f * v[i] + 0.1f * g[i];
    p[i] = p[i] - 1e-6f * m[i];
  }
}

double optimizer_pass_us() {
  std::vector<Tensor> t;
  for (uint64_t i = 0; i < 4; ++i) t.push_back(random_tensor({kParameters}, i));
  return median_us(kRuns, [&] {
    adam_traffic(t[0].mutable_data<float>().data(), t[1].data<float>().data(), t[2].mutable_data<float>().data(),
                 t[3].mutable_data<float>().data());
  });
}

double floor_us(int64_t batch) {
  return matmul_us(batch, kHidden, kIn, false, false) + matmul_us(batch, kOut, kHidden, false, false) +
         matmul_us(kHidden, kOut, batch, true, false) + matmul_us(batch, kHidden, kOut, false, true) +
         matmul_us(kIn, kHidden, batch, true, false) + optimizer_pass_us();
}

Graph mlp(uint64_t seed) {
  std::vector<Layer> layers = {Dense(kHidden, relu), Dense(kOut, softmax)};
  return must(train::build_model(layers, {kIn}, seed));
}

double step_us(int64_t batch, int threads) {
  auto session = must(Session::create(must(train::make_training_graph(mlp(1), {})), {.threads = threads}));
  Tensor labels(DType::i64, {batch});
  for (int64_t i = 0; i < batch; ++i) labels.mutable_data<int64_t>()[static_cast<size_t>(i)] = i % kOut;
  std::vector<Tensor> inputs = {random_tensor({batch, kIn}, 5), labels, Tensor::scalar(0.001f),
                                Tensor::scalar(int64_t{1})};
  std::vector<Tensor> outputs;
  return median_us(kRuns, [&] {
    inputs[3].mutable_data<int64_t>()[0]++;
    must(session->run_into(inputs, outputs));
  });
}

void bench_steps(bool peers) {
  fmt::print("\nTraining step, Adam: median of {} runs, µs\n", kRuns);
  fmt::print("batch threads      step     floor  step/floor   PyTorch  PyTorch/step\n");
  for (int64_t batch : {32, 128}) {
    for (int threads : {1, 2}) {
      omp_set_num_threads(threads);
      double floor = floor_us(batch);
      double step = step_us(batch, threads);
      std::optional<double> torch;
      if (peers)
        torch = peer_us(
            fmt::format("tools/peers/torch_bench.py --batch {} --threads {} --steps {}", batch, threads, kRuns));
      fmt::print("{:5} {:7} {:9.1f} {:9.1f} {:9.2f} x {}\n", batch, threads, step, floor, step / floor,
                 beside(step, torch));
    }
  }
}

void bench_inference(bool peers) {
  TemporaryDirectory folder;
  std::filesystem::path file = folder.path() / "mlp.onnx";
  Graph model = mlp(1);
  must(write_model(model, file));
  fmt::print("\nInference, one thread: median of {} runs, µs\n", kRuns);
  fmt::print("batch       run  ONNX Runtime  ONNX Runtime/run\n");
  for (int64_t batch : {1, 32}) {
    auto session = must(Session::create(model, {.threads = 1}));
    std::vector<Tensor> inputs = {random_tensor({batch, kIn}, 5)}, outputs;
    double run = median_us(4 * kRuns, [&] { must(session->run_into(inputs, outputs)); });
    std::optional<double> ort;
    if (peers)
      ort = peer_us(fmt::format("node tools/peers/ort_bench.mjs {} --batch {} --threads 1 --runs {}", file.string(),
                                batch, 4 * kRuns));
    fmt::print("{:5} {:9.1f}  {}\n", batch, run, beside(run, ort));
  }
}

train::TrainerOptions recipe(uint64_t seed) {
  train::TrainerOptions options;
  options.training.optimizer.learning_rate = 0.002;
  options.schedule.type = "linear";
  options.seed = seed;
  options.threads = 1;
  return options;
}

std::unique_ptr<train::Trainer> trained(const Dataset& data, uint64_t seed, double& seconds) {
  std::vector<Layer> layers = {Flatten(), Dense(kHidden, relu), Dense(kOut, softmax)};
  auto trainer = must(train::Trainer::create(must(train::build_model(layers, data.example_shape(), seed)), data,
                                             std::nullopt, recipe(seed)));
  for (int epoch = 0; epoch < 5; ++epoch) seconds += must(trainer->run_epoch()).seconds;
  return trainer;
}

bool same_weights(const Graph& a, const Graph& b) {
  for (size_t v = 0; v < a.value_count(); ++v) {
    ValueId id{static_cast<int32_t>(v)};
    if (a.is_constant(id) && !identical(a.value(id).data, b.value(id).data)) return false;
  }
  return true;
}

void bench_epochs() {
  DataPair data = must(load_digits(system_places()));
  fmt::print("\nFive epochs of {} at batch 32, one thread\n", data.source);
  double accuracy = 0, total = 0;
  std::vector<Graph> models;
  for (uint64_t seed : {1, 2, 3, 4, 5, 1}) {
    double seconds = 0;
    auto trainer = trained(data.train, seed, seconds);
    models.push_back(must(trainer->model()));
    double test = *must(trainer->evaluate(data.test)).accuracy;
    bool again = models.size() == 6;
    fmt::print("  seed {}: {:.2f} s, test accuracy {:.2f} %{}\n", seed, seconds, 100 * test, again ? " (again)" : "");
    if (!again) {
      accuracy += test / 5;
      total += seconds / 5;
    }
  }
  fmt::print("  mean: {:.2f} s, test accuracy {:.2f} %\n", total, 100 * accuracy);
  fmt::print("  two runs with seed 1 give {} bytes\n",
             same_weights(models.front(), models.back()) ? "identical" : "DIFFERENT");
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  bool peers = argc > 1 && std::strcmp(argv[1], "--peers") == 0;
  slipway::bench_steps(peers);
  slipway::bench_inference(peers);
  slipway::bench_epochs();
  return 0;
}
