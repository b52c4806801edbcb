// How cost grows: time per example against the batch (1 to 256), and memory against depth (1 to 64 blocks), on one
// thread.
//
//     bench_growth [--data FOLDER]     FOLDER receives batch.tsv and depth.tsv, what tools/plot_growth draws
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "architectures/architectures.h"
#include "base/file.h"
#include "base/random.h"
#include "beside.h"
#include "convert/verify.h"
#include "kernels/flush_denormals.h"
#include "runtime/session.h"
#include "train/layers.h"
#include "train/training_graph.h"

namespace slipway {
namespace {

constexpr double kSeconds = 0.3;  // about what one measurement takes
constexpr int64_t kClasses = 10;

// Pre-activation residual blocks of two 3 x 3 convolutions over 16 channels of 32 x 32.
std::vector<Layer> residual(int64_t blocks) {
  std::vector<Layer> layers = {Conv2D(16, 3, linear, 1, "same").named("block0")};
  for (int64_t i = 1; i <= blocks; ++i) {
    const std::string last = fmt::format("block{}", i - 1);
    layers.push_back(BatchNormalization());
    layers.push_back(Activation("relu"));
    layers.push_back(Conv2D(16, 3, relu, 1, "same"));
    layers.push_back(Conv2D(16, 3, linear, 1, "same").named(fmt::format("body{}", i)));
    layers.push_back(Add().named(fmt::format("block{}", i)));
    layers.back().inputs = {last, fmt::format("body{}", i)};
  }
  layers.push_back(GlobalAveragePooling2D());
  layers.push_back(Dense(kClasses, softmax));
  return layers;
}

std::vector<Layer> mlp() { return {Flatten(), Dense(128, relu), Dense(kClasses, softmax)}; }

Graph built(const std::vector<Layer>& layers, const Shape& example) {
  return must(train::build_model(layers, example, 1));
}

std::unique_ptr<Session> session_of(Graph graph) { return must(Session::create(std::move(graph), {.threads = 1})); }

std::unique_ptr<Session> training_session(const Graph& model) {
  return session_of(must(train::make_training_graph(model, train::TrainingSpec())));
}

// Random inputs; labels are class 0, and a training step's scalars are what a first step has.
std::vector<Tensor> inputs_for(const Session& session, int64_t batch) {
  std::vector<Tensor> inputs = random_inputs(session.inputs(), batch, 1, 0);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string& name = session.inputs()[i].name;
    if (name == "labels") inputs[i] = Tensor(DType::i64, inputs[i].shape());
    if (name == "learning_rate") inputs[i] = Tensor::scalar(0.001f);
    if (name == "step") inputs[i] = Tensor::scalar(int64_t{1});
  }
  return inputs;
}

double us_per_run(Session& session, int64_t batch) {
  const std::vector<Tensor> inputs = inputs_for(session, batch);
  std::vector<Tensor> outputs;
  FlushDenormals flush(1);
  auto run = [&] { must(session.run_into(inputs, outputs)); };
  run();
  const double once = median_us(3, run);
  return median_us(std::clamp(static_cast<int>(kSeconds * 1e6 / once), 5, 1000), run);
}

// A table whose columns stand under one heading each, on the screen and in a file for gnuplot.
class Table {
 public:
  Table(std::string title, std::vector<std::string> columns) : columns_(std::move(columns)) {
    fmt::print("\n{}\n{}\n", title, fmt::join(columns_, " | "));
    tsv_ = fmt::format("{}\n", fmt::join(columns_, "\t"));
  }
  void add(int64_t size, const std::vector<double>& values) {
    fmt::print("{:5}", size);
    for (size_t i = 0; i < values.size(); ++i) fmt::print(" | {:{}.2f}", values[i], columns_[i + 1].size());
    fmt::print("\n");
    tsv_ += fmt::format("{}\t{}\n", size, fmt::join(values, "\t"));
  }
  void write(const std::filesystem::path& path) const { must(write_file_atomic(path, tsv_)); }

 private:
  std::vector<std::string> columns_;
  std::string tsv_;
};

Table time_against_batch() {
  struct Curve {
    const char* name;
    std::unique_ptr<Session> session;
  };
  const Graph dense = built(mlp(), {28, 28}), blocks = built(residual(4), {3, 32, 32});
  std::vector<Curve> curves;
  curves.push_back({"784-128-10", session_of(dense)});
  curves.push_back({"784-128-10, training step", training_session(dense)});
  curves.push_back({"4 residual blocks", session_of(blocks)});
  curves.push_back({"4 residual blocks, training step", training_session(blocks)});
  curves.push_back({"2-layer LSTM 256, 64 steps", session_of(must(lstm(1)))});
  std::vector<std::string> columns = {"batch"};
  for (const Curve& curve : curves) columns.emplace_back(curve.name);
  Table table("Microseconds per example against the batch, one thread", columns);
  for (int64_t batch = 1; batch <= 256; batch *= 2) {
    std::vector<double> row;
    for (const Curve& curve : curves) row.push_back(us_per_run(*curve.session, batch) / static_cast<double>(batch));
    table.add(batch, row);
  }
  return table;
}

Table memory_against_depth() {
  constexpr int64_t kBatch = 16, kDeepest = 64;
  constexpr double kMib = 1 << 20;
  Table table("MiB against the number of residual blocks, batch 16", {"blocks", "inference", "training", "weights"});
  for (int64_t blocks = 1; blocks <= kDeepest; blocks *= 2) {
    const Graph model = built(residual(blocks), {3, 32, 32});
    std::vector<double> row;
    for (auto& session : {session_of(model), training_session(model)}) {
      us_per_run(*session, kBatch);
      row.push_back(static_cast<double>(session->arena_bytes()) / kMib);
    }
    row.push_back(static_cast<double>(session_of(model)->constant_bytes()) / kMib);
    table.add(blocks, row);
  }
  return table;
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  const bool keep = argc > 2 && std::strcmp(argv[1], "--data") == 0;
  const slipway::Table batch = slipway::time_against_batch(), depth = slipway::memory_against_depth();
  if (keep) {
    batch.write(std::filesystem::path(argv[2]) / "batch.tsv");
    depth.write(std::filesystem::path(argv[2]) / "depth.tsv");
  }
  return 0;
}
