// Real models (folders with a model.onnx in $SLIPWAY_MODELS, else ../shared/models) and well-known architectures with
// random weights: inference on one and two threads, at batch 1, and at batch 8 where the batch is free.
//   bench_models [--peers] [--write FOLDER] [NAME...]
// --peers: beside ONNX Runtime, in this run, with the answers compared. --write: only writes the architectures there.
#include <cmath>
#include <filesystem>

#include "architectures/architectures.h"
#include "convert/verify.h"
#include "formats/format.h"
#include "golden.h"
#include "onnx_runtime.h"
#include "runtime/session.h"

namespace slipway {
namespace {

constexpr double kSeconds = 1;            // about what one measurement takes
constexpr double kMostDifference = 1e-3;  // of answers, for a time to count

struct Options {
  bool peers = false;
  std::filesystem::path write;
  std::vector<std::string> names;
};

std::vector<std::filesystem::path> model_folders() {
  const std::filesystem::path root = models_root();
  std::vector<std::filesystem::path> folders;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(root, missing)) {
    if (std::filesystem::exists(entry.path() / "model.onnx")) folders.push_back(entry.path());
  }
  if (folders.empty()) fmt::print("no models in {}; set SLIPWAY_MODELS\n", root.string());
  std::sort(folders.begin(), folders.end());
  return folders;
}

// At batch 1 the first data set beside the file, where there is one. Else as random_inputs, but a mask of what to look
// at hides the last eighth.
std::vector<Tensor> inputs_for(const std::string& file, const Session& session, int64_t batch) {
  const auto golden = golden_inputs(std::filesystem::path(file).parent_path(), session.inputs().size());
  if (batch == 1 && !golden.empty()) return golden[0];
  std::vector<Tensor> inputs = random_inputs(session.inputs(), batch, 1, 0);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (session.inputs()[i].name != "attention_mask") continue;
    std::span<int64_t> mask = inputs[i].mutable_data<int64_t>();
    const auto steps = static_cast<size_t>(inputs[i].shape().back());
    for (size_t k = 0; k < mask.size(); ++k) mask[k] = k % steps < steps - steps / 8 ? 1 : 0;
  }
  return inputs;
}

// Over everything measured beside the peer.
struct Summary {
  double logarithms = 0;  // of own / peer
  double worst = 0;
  int count = 0;
  int wrong = 0;
};

void bench_run(const std::string& name, const std::string& file, Session& session, int64_t batch, int threads,
               bool peers, Summary& summary) {
  const std::vector<Tensor> inputs = inputs_for(file, session, batch);
  std::vector<Tensor> outputs;
  if (Status s = session.run_into(inputs, outputs); !s.ok()) {
    fmt::print("{:22} {:5} {:7} {}\n", name, batch, threads, s.message());
    return;
  }
  const auto [own, runs] = time_for(kSeconds, [&] { must(session.run_into(inputs, outputs)); });
  std::optional<OnnxRuntime> peer;
  TemporaryDirectory folder;
  if (peers) peer = run_onnx_runtime(file, folder.path(), inputs, outputs, batch, threads, runs);
  if (!peer) {
    fmt::print("{:22} {:5} {:7} {:10.1f}\n", name, batch, threads, own);
    return;
  }
  const bool wrong = !(peer->difference <= kMostDifference);
  fmt::print("{:22} {:5} {:7} {:10.1f} {:13.1f} {:9.2f} {:10.1e}{}\n", name, batch, threads, own, peer->us,
             own / peer->us, peer->difference, wrong ? "  WRONG" : "");
  std::fflush(stdout);
  summary.logarithms += std::log(own / peer->us);
  summary.worst = std::max(summary.worst, own / peer->us);
  ++summary.count;
  summary.wrong += wrong ? 1 : 0;
}

void bench_model(const std::string& name, const std::string& file, bool peers, Summary& summary) {
  const Graph graph = must(read_model(file));
  for (int threads : {1, 2}) {
    Result<std::unique_ptr<Session>> session = Session::create(graph, {.threads = threads});
    if (!session.ok()) {
      fmt::print("{:22} {}\n", name, session.status().message());
      return;
    }
    for (int64_t batch : {1, 8}) {
      if (batch > 1 && !batch_is_free(**session)) continue;
      bench_run(name, file, **session, batch, threads, peers, summary);
    }
  }
}

void write_architecture(const Architecture& architecture, const std::filesystem::path& file) {
  must(write_model(must(architecture.build(1)), file));
}

int bench_models(const Options& options) {
  fmt::print("\nInference: medians, µs; difference: of the answers, over the largest of them\n");
  fmt::print("model                  batch threads        run  ONNX Runtime  run/ORT  difference\n");
  Summary summary;
  for (const auto& folder : model_folders()) {
    const std::string name = folder.filename().string();
    if (is_named(options.names, name)) bench_model(name, (folder / "model.onnx").string(), options.peers, summary);
  }
  for (const Architecture& architecture : architectures()) {
    if (!is_named(options.names, architecture.name)) continue;
    TemporaryDirectory folder;
    const std::filesystem::path file = folder.path() / "model.onnx";
    write_architecture(architecture, file);
    bench_model(architecture.name, file.string(), options.peers, summary);
  }
  if (summary.count > 0) {
    fmt::print("geometric mean of run/ORT: {:.3f} over {} measurements, largest {:.2f}, wrong answers: {}\n",
               std::exp(summary.logarithms / summary.count), summary.count, summary.worst, summary.wrong);
  }
  return summary.wrong == 0 ? 0 : 1;
}

int write_architectures(const Options& options) {
  must(make_directories(options.write));
  for (const Architecture& architecture : architectures()) {
    if (!is_named(options.names, architecture.name)) continue;
    write_architecture(architecture, options.write / (std::string(architecture.name) + ".onnx"));
  }
  return 0;
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  slipway::CommandLine line(argc, argv);
  slipway::Options options;
  options.peers = line.take_flag("--peers");
  options.write = line.take_value("--write");
  options.names = line.names();
  return options.write.empty() ? slipway::bench_models(options) : slipway::write_architectures(options);
}
