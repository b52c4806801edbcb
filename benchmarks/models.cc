// Real models (folders with a model.onnx in $SLIPWAY_MODELS, else ../shared/models): inference on one and two threads,
// at batch 1, and at batch 8 where the batch is free. With --peers: beside ONNX Runtime, in this run.
#include <cmath>
#include <cstring>
#include <filesystem>

#include "beside.h"
#include "convert/verify.h"
#include "formats/format.h"
#include "runtime/session.h"

namespace slipway {
namespace {

constexpr double kSeconds = 1;  // about what one measurement takes

std::vector<std::filesystem::path> model_folders() {
  const char* environment = std::getenv("SLIPWAY_MODELS");
  std::filesystem::path root = environment != nullptr ? environment : "../shared/models";
  std::vector<std::filesystem::path> folders;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(root, missing)) {
    if (std::filesystem::exists(entry.path() / "model.onnx")) folders.push_back(entry.path());
  }
  if (folders.empty()) fmt::print("no models in {}; set SLIPWAY_MODELS\n", root.string());
  std::sort(folders.begin(), folders.end());
  return folders;
}

bool batch_is_free(const Session& session) {
  return std::all_of(session.inputs().begin(), session.inputs().end(),
                     [](const Port& port) { return !port.dims.empty() && !port.dims[0].known(); });
}

struct Measured {
  double us;
  int runs;
};

Result<Measured> measure(Session& session, int64_t batch) {
  const std::vector<Tensor> inputs = random_inputs(session.inputs(), batch, 1, 0);
  std::vector<Tensor> outputs;
  auto run = [&] {
    if (Status s = session.run_into(inputs, outputs); !s.ok()) must(Result<int>(s));
  };
  RETURN_IF_ERROR(session.run_into(inputs, outputs));
  const double once = median_us(5, run);
  const int runs = std::clamp(static_cast<int>(kSeconds * 1e6 / once), 10, 2000);
  return Measured{median_us(runs, run), runs};
}

// Sum and number of log(peer / own).
struct GeometricMean {
  double sum = 0;
  int count = 0;
};

void bench_model(const std::filesystem::path& folder, bool peers, GeometricMean& mean) {
  const std::string name = folder.filename().string(), file = (folder / "model.onnx").string();
  const Graph graph = must(read_model(file));
  for (int threads : {1, 2}) {
    Result<std::unique_ptr<Session>> session = Session::create(graph, {.threads = threads});
    if (!session.ok()) {
      fmt::print("{:22} {}\n", name, session.status().message());
      return;
    }
    for (int64_t batch : {1, 8}) {
      if (batch > 1 && !batch_is_free(**session)) continue;
      const Result<Measured> measured = measure(**session, batch);
      if (!measured.ok()) {
        fmt::print("{:22} {:5} {:7} {}\n", name, batch, threads, measured.status().message());
        continue;
      }
      const Measured own = *measured;
      std::optional<double> peer;
      if (peers) {
        peer = peer_us(fmt::format("node tools/peers/ort_bench.mjs {} --batch {} --threads {} --runs {} --warmup {}",
                                   file, batch, threads, own.runs, own.runs / 10));
      }
      if (peer) {
        mean.sum += std::log(*peer / own.us);
        ++mean.count;
      }
      fmt::print("{:22} {:5} {:7} {:10.1f}  {}\n", name, batch, threads, own.us, beside(own.us, peer));
    }
  }
}

void bench_models(bool peers) {
  const std::vector<std::filesystem::path> folders = model_folders();
  if (folders.empty()) return;
  fmt::print("\nInference: medians, µs\n");
  fmt::print("model                  batch threads        run  ONNX Runtime  ONNX Runtime/run\n");
  GeometricMean mean;
  for (const auto& folder : folders) bench_model(folder, peers, mean);
  if (mean.count > 0) {
    fmt::print("geometric mean of ONNX Runtime/run: {:.2f} x over {} measurements\n", std::exp(mean.sum / mean.count),
               mean.count);
  }
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  slipway::bench_models(argc > 1 && std::strcmp(argv[1], "--peers") == 0);
  return 0;
}
