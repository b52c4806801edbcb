// Training steps of four models: forward, loss, backward and Adam on random data, with the peak of memory.
//
//     bench_training [--peers] [--profile] [--bf16] [--threads N] [NAME...]
//
// Every measurement is a process of its own. Its memory is what VmHWM (proc(5)) grew by from just before the model is
// built. With --peers: beside PyTorch doing the same (tools/peers/torch_train.py), in this run; PyTorch runs with
// waiting threads that spin and with ones that sleep, and with one and all threads in OpenBLAS; the best time counts.
// With --profile: where the time goes, by operator.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/random.h"
#include "beside.h"
#include "kernels/flush_denormals.h"
#include "runtime/session.h"
#include "train/layers.h"
#include "train/training_graph.h"

namespace slipway {
namespace {

constexpr double kSeconds = 2;  // about what one measurement takes
constexpr int64_t kImage = 32, kSteps = 64, kFeatures = 64, kContext = 128, kTokens = 65, kClasses = 10;

// Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, with ReLU and maximum pooling.
std::vector<Layer> lenet() {
  return {Conv2D(6, 5, relu, 1, "same"),
          MaxPooling2D(),
          Conv2D(16, 5, relu),
          MaxPooling2D(),
          Flatten(),
          Dense(120, relu),
          Dense(84, relu),
          Dense(kClasses, softmax)};
}

Layer reads(Layer layer, std::vector<std::string> inputs) {
  layer.inputs = std::move(inputs);
  return layer;
}

// K. He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2, with projections where sizes change.
std::vector<Layer> resnet20() {
  std::vector<Layer> layers;
  auto conv = [&](int64_t filters, int64_t size, int64_t stride) {
    layers.push_back(Conv2D(filters, size, linear, stride, "same").with("use_bias", false));
    layers.push_back(BatchNormalization());
  };
  conv(16, 3, 1);
  layers.push_back(Activation("relu").named("stem"));
  std::string last = "stem";
  for (int stage = 0; stage < 3; ++stage) {
    for (int block = 0; block < 3; ++block) {
      const int64_t filters = 16 << stage, stride = stage > 0 && block == 0 ? 2 : 1;
      const std::string name = fmt::format("block{}{}", stage, block);
      size_t first = layers.size();
      conv(filters, 3, stride);
      layers[first].inputs = {last};
      layers.push_back(Activation("relu"));
      conv(filters, 3, 1);
      layers.back().name = name + "_main";
      std::string shortcut = last;
      if (stride == 2) {
        first = layers.size();
        conv(filters, 1, 2);
        layers[first].inputs = {last};
        layers.back().name = shortcut = name + "_shortcut";
      }
      layers.push_back(reads(Add(), {name + "_main", shortcut}));
      layers.push_back(Activation("relu").named(name));
      last = name;
    }
  }
  layers.push_back(GlobalAveragePooling2D());
  layers.push_back(Dense(kClasses, softmax));
  return layers;
}

std::vector<Layer> lstm() { return {LSTM(256, true), LSTM(256), Dense(kClasses, softmax)}; }

// A small GPT: A. Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, without dropout.
std::vector<Layer> transformer() {
  std::vector<Layer> layers = {Embedding(kTokens, 256), PositionEmbedding()};
  for (int i = 0; i < 6; ++i) {
    layers.push_back(TransformerEncoder(1024, 8)
                         .with("normalize_first", true)
                         .with("use_causal_mask", true)
                         .with("activation", gelu));
  }
  layers.push_back(LayerNormalization());
  layers.push_back(Dense(kTokens, softmax));
  return layers;
}

struct Model {
  const char* name;
  std::vector<Layer> (*layers)();
  int64_t batch;
  Shape example, label;
  int64_t classes;
  bool tokens = false;
};

const std::vector<Model>& models() {
  static const std::vector<Model> list = {
      {"transformer", transformer, 16, {kContext}, {kContext}, kTokens, true},
      {"lstm", lstm, 32, {kSteps, kFeatures}, {}, kClasses},
      {"resnet20", resnet20, 64, {3, kImage, kImage}, {}, kClasses},
      {"lenet", lenet, 64, {1, 28, 28}, {}, kClasses},
  };
  return list;
}

Shape batched(const Model& model, const Shape& one) {
  Shape shape = {model.batch};
  shape.insert(shape.end(), one.begin(), one.end());
  return shape;
}

std::vector<Tensor> inputs_of(const Model& model) {
  Tensor x(DType::f32, batched(model, model.example)), y(DType::i64, batched(model, model.label));
  Random random(1);
  for (float& v : x.mutable_data<float>()) {
    v = model.tokens ? static_cast<float>(random.below(static_cast<uint64_t>(kTokens)))
                     : static_cast<float>(random.normal());
  }
  for (int64_t& v : y.mutable_data<int64_t>()) {
    v = static_cast<int64_t>(random.below(static_cast<uint64_t>(model.classes)));
  }
  return {x, y, Tensor::scalar(0.001f), Tensor::scalar(int64_t{0})};
}

// A number of kilobytes from /proc/self/status, in MiB.
double memory_mib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::strtod(line.c_str() + field.size() + 1, nullptr) / 1024;
  }
  return 0;
}

void print_profile(const Session& session, int64_t steps) {
  std::map<std::string, std::pair<double, int>> by_operator;
  double total = 0;
  for (const NodeProfile& node : session.profile()) {
    double us = static_cast<double>(node.total_ns) / 1000 / static_cast<double>(steps);
    by_operator[node.op_type].first += us;
    ++by_operator[node.op_type].second;
    total += us;
  }
  std::vector<std::pair<std::string, std::pair<double, int>>> rows(by_operator.begin(), by_operator.end());
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.second.first > b.second.first; });
  for (const auto& [name, cost] : rows) {
    fmt::print(stderr, "  {:30} {:5} nodes {:10.1f} us {:5.1f} %\n", name, cost.second, cost.first,
               100 * cost.first / total);
  }
}

// One measurement, as JSON.
void measure(const Model& model, int threads, bool profile, bool bf16) {
  const double before = memory_mib("VmRSS:");
  std::vector<Tensor> inputs = inputs_of(model), outputs;
  train::TrainingSpec spec;
  if (bf16) spec.precision = train::Precision::bf16;
  auto session = must(Session::create(
      must(train::make_training_graph(must(train::build_model(model.layers(), model.example, 1)), spec)),
      {.threads = threads}));
  FlushDenormals flush(threads);
  auto step = [&] {
    ++inputs[3].mutable_data<int64_t>()[0];
    must(session->run_into(inputs, outputs));
  };
  step();
  const auto [median, runs] = time_for(kSeconds, step);
  Json json = Json::object({{"median_us", median},
                            {"peak_mib", memory_mib("VmHWM:") - before},
                            {"arena_mib", static_cast<double>(session->arena_bytes()) / (1 << 20)},
                            {"loss", static_cast<double>(outputs[0].data<float>()[0])}});
  fmt::print("{}\n", json.dump());
  if (!profile) return;
  session->set_profiling(true);
  for (int i = 0; i < runs; ++i) step();
  print_profile(*session, runs);
}

struct Options {
  bool peers = false, profile = false, bf16 = false, measure = false;
  int threads = 0;  // 0: one, then two
  std::vector<std::string> names;
};

struct Measured {
  double us, mib;
};

std::optional<Measured> run(const std::string& command) {
  std::optional<Json> json = measured_by(command);
  if (!json) return std::nullopt;
  return Measured{(*json)["median_us"].as_double(), (*json)["peak_mib"].as_double()};
}

std::optional<Measured> peer(const Model& model, int threads) {
  std::optional<Measured> best;
  for (const char* policy : {"active", "passive"}) {
    if (threads == 1 && best) break;
    std::optional<Measured> found =
        run(fmt::format("OMP_WAIT_POLICY={} tools/peers/torch_train.py {} --threads {}", policy, model.name, threads));
    if (!found) continue;
    if (!best) best = found;
    best = Measured{std::min(best->us, found->us), std::min(best->mib, found->mib)};
  }
  return best;
}

// Sum and number of logarithms of ratios.
struct GeometricMean {
  double sum = 0;
  int count = 0;
};

void compare(const std::string& program, const Model& model, int threads, const Options& options, GeometricMean& mean) {
  std::optional<Measured> own = run(fmt::format("{} --measure {} --threads {}{}{}", program, model.name, threads,
                                                options.profile ? " --profile" : "", options.bf16 ? " --bf16" : ""));
  if (!own) return;
  std::optional<Measured> other = options.peers ? peer(model, threads) : std::nullopt;
  fmt::print("{:12} {:5} {:7} {:10.2f} {:8.1f}", model.name, model.batch, threads, own->us / 1000, own->mib);
  if (other) {
    fmt::print(" {:10.2f} {:8.1f} {:8.2f} x {:8.2f} x", other->us / 1000, other->mib, other->us / own->us,
               own->mib / other->mib);
    mean.sum += std::log(other->us / own->us);
    ++mean.count;
  }
  fmt::print("\n");
  std::fflush(stdout);
}

Options parse(int argc, char** argv) {
  CommandLine line(argc, argv);
  Options options;
  options.peers = line.take_flag("--peers");
  options.profile = line.take_flag("--profile");
  options.bf16 = line.take_flag("--bf16");
  options.measure = line.take_flag("--measure");
  options.threads = std::atoi(line.take_value("--threads").c_str());
  options.names = line.names();
  return options;
}

void bench_training(const std::string& program, const Options& options) {
  if (!options.measure) {
    fmt::print("\nTraining step, Adam: median in ms, growth of the peak of memory in MiB\n");
    fmt::print("model        batch threads       step   memory    PyTorch   memory  PyTorch/step  memory/PyTorch\n");
  }
  GeometricMean mean;
  for (const Model& model : models()) {
    if (!is_named(options.names, model.name)) continue;
    for (int threads : {1, 2}) {
      if (options.threads != 0 && options.threads != threads) continue;
      if (options.measure) {
        measure(model, threads, options.profile, options.bf16);
      } else {
        compare(program, model, threads, options, mean);
      }
    }
  }
  if (mean.count > 0) {
    fmt::print("geometric mean of PyTorch/step: {:.2f} x over {} measurements\n", std::exp(mean.sum / mean.count),
               mean.count);
  }
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  slipway::bench_training(argv[0], slipway::parse(argc, argv));
  return 0;
}
