// Convolutional models in int8: quantized by the project's own pass, beside their float32 form on one and two threads,
// at batch 1, and at batch 8 where the batch is free. With --peers: beside ONNX Runtime on the same QDQ graph, as the
// pass writes it (int8 activations) or with uint8 activations, whichever it runs faster; we run both alike.
//   bench_quantized [--peers] [--keep FOLDER] [NAME…]    only those models; FOLDER receives the QDQ files
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>

#include "architectures/architectures.h"
#include "base/file.h"
#include "beside.h"
#include "convert/verify.h"
#include "formats/format.h"
#include "golden.h"
#include "ops/all.h"
#include "optimize/pass.h"
#include "rewrite/rewrite.h"
#include "runtime/session.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using Samples = std::vector<std::vector<Tensor>>;

constexpr double kSeconds = 0.6;  // about what one measurement takes

struct Options {
  bool peers = false;
  fs::path keep;
  std::vector<std::string> names;
};

struct Model {
  std::string name;
  Graph graph;
  Samples samples;  // to calibrate and compare on; none: random ones
};

std::vector<Model> shared_models() {
  const fs::path root = models_root();
  std::vector<Model> models;
  for (const char* name : {"super-resolution", "ultraface-rfb320", "fastestdet", "dnsmos-p808", "basic-pitch"}) {
    const fs::path folder = root / name;
    if (!fs::exists(folder / "model.onnx")) {
      fmt::print("no {}; set SLIPWAY_MODELS\n", (folder / "model.onnx").string());
      continue;
    }
    Graph graph = must(read_model(folder / "model.onnx"));
    Samples samples = golden_inputs(folder, graph.inputs.size());
    models.push_back({name, std::move(graph), std::move(samples)});
  }
  return models;
}

// With random weights: their speed is what counts, their answers mean nothing.
std::vector<Model> random_models() {
  std::vector<Model> models;
  models.push_back({"resnet50", must(resnet50(1)), {}});
  models.push_back({"mobilenet_v2", must(mobilenet_v2(1)), {}});
  models.push_back({"squeezenet", must(squeezenet(1)), {}});
  return models;
}

Graph quantized(const Model& model) {
  Graph graph = model.graph;
  PassOptions options;
  options.samples = model.samples;
  must(rewrite::simplify(graph));
  must(find_pass("quantize_static")->apply(graph, options));
  return graph;
}

// The same with uint8 activations.
Graph with_uint8(Graph graph) {
  for (const Rewrite* rewrite : rewrite::all_rewrites()) {
    if (std::strcmp(rewrite->name, "unsigned_activations") == 0) must(rewrite->apply(graph, all_operators()));
  }
  return graph;
}

// The faster of both files in ONNX Runtime.
std::optional<double> peer_best(const std::vector<fs::path>& files, int64_t batch, int threads, int runs) {
  std::optional<double> best;
  for (const fs::path& file : files) {
    std::optional<double> us =
        peer_us(fmt::format("node tools/peers/ort_bench.mjs {} --batch {} --threads {} --runs {} --warmup {}",
                            file.string(), batch, threads, runs, (runs + 9) / 10));
    if (us && (!best || *us < *best)) best = us;
  }
  return best;
}

// Signal over noise in decibels: 10 log10(sum a^2 / sum (a - b)^2), the least of all outputs.
double decibels(Session& exact, Session& other, const Samples& samples) {
  double least = INFINITY;
  for (const std::vector<Tensor>& sample : samples) {
    const std::vector<Tensor> a = must(exact.run(sample)), b = must(other.run(sample));
    for (size_t i = 0; i < a.size(); ++i) {
      double signal = 0, noise = 0;
      for (size_t k = 0; k < static_cast<size_t>(a[i].count()); ++k) {
        const double x = static_cast<double>(a[i].data<float>()[k]), y = static_cast<double>(b[i].data<float>()[k]);
        signal += x * x;
        noise += (x - y) * (x - y);
      }
      least = std::min(least, 10 * std::log10(signal / noise));
    }
  }
  return least;
}

Timed measure(Session& session, int64_t batch) {
  const std::vector<Tensor> inputs = random_inputs(session.inputs(), batch, 1, 0);
  std::vector<Tensor> outputs;
  auto run = [&] { must(session.run_into(inputs, outputs)); };
  run();
  return time_for(kSeconds, run);
}

void bench_model(Model model, const Options& options) {
  const fs::path folder = options.keep.empty() ? fs::temp_directory_path() : options.keep;
  const std::vector<fs::path> files = {folder / fmt::format("slipway_{}_int8.onnx", model.name),
                                       folder / fmt::format("slipway_{}_uint8.onnx", model.name)};
  if (model.samples.empty()) {
    auto session = must(Session::create(model.graph));
    model.samples = {random_inputs(session->inputs(), 1, 1, 0)};
  }
  const Graph int8 = quantized(model);
  for (const auto& [graph, file] : {std::pair(int8, files[0]), std::pair(with_uint8(int8), files[1])}) {
    must(write_model(graph, file));
  }
  for (int threads : {1, 2}) {
    auto own = must(Session::create(model.graph, {.threads = threads}));
    auto own8 = must(Session::create(int8, {.threads = threads}));
    const double accuracy = decibels(*own, *own8, model.samples);
    for (int64_t batch : {1, 8}) {
      if (batch > 1 && !batch_is_free(*own)) continue;
      const Timed f32 = measure(*own, batch), i8 = measure(*own8, batch);
      std::optional<double> peer;
      if (options.peers) peer = peer_best(files, batch, threads, i8.runs);
      fmt::print("{:18} {:5} {:7} {:10.1f} {:10.1f} {:6.2f} x  {}  {:6.1f} dB\n", model.name, batch, threads, f32.us,
                 i8.us, f32.us / i8.us, beside(i8.us, peer), accuracy);
      std::fflush(stdout);
    }
  }
  std::error_code ignored;
  for (const fs::path& file : files) {
    if (options.keep.empty()) fs::remove(file, ignored);
  }
}

void bench(const Options& options) {
  fmt::print("\nint8 inference: medians, µs; signal over noise against float32\n");
  fmt::print("model              batch threads    float32       int8   ratio   ONNX Runtime int8/int8  accuracy\n");
  std::vector<Model> models = shared_models();
  for (Model& model : random_models()) models.push_back(std::move(model));
  for (Model& model : models) {
    if (is_named(options.names, model.name)) bench_model(std::move(model), options);
  }
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  slipway::CommandLine line(argc, argv);
  slipway::Options options;
  options.peers = line.take_flag("--peers");
  options.keep = line.take_value("--keep");
  options.names = line.names();
  slipway::bench(options);
  return 0;
}
