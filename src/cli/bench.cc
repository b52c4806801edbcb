// slipway bench: how long one run of a model takes here, and where the time goes.
#include <algorithm>
#include <chrono>
#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/bind.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/value_files.h"
#include "cli/verb.h"
#include "convert/verify.h"
#include "data/open_model.h"
#include "formats/format.h"
#include "runtime/inspect.h"
#include "runtime/session.h"

namespace slipway {

namespace {

struct Options {
  std::string model;
  std::vector<std::string> values;
  int64_t batch = 1;
  std::vector<std::string> bind;
  std::vector<std::string> shapes;
  int threads = 1;
  double seconds = 2;
  bool profile = false;
  bool json = false;
};

struct Timing {
  std::vector<int64_t> ns;  // sorted

  int64_t at(double share) const { return ns[static_cast<size_t>(share * static_cast<double>(ns.size() - 1))]; }
};

// Named dimensions get their bound sizes; what is left becomes the batch later.
std::vector<Port> bound_ports(std::vector<Port> ports, const std::map<std::string, int64_t>& sizes) {
  for (Port& port : ports) {
    for (Dim& dim : port.dims) {
      if (auto it = sizes.find(dim.symbol); !dim.known() && it != sizes.end()) dim = it->second;
    }
  }
  return ports;
}

Result<Timing> time_runs(Session& session, const std::vector<Tensor>& inputs, double seconds) {
  using Clock = std::chrono::steady_clock;
  std::vector<Tensor> outputs;
  auto once = [&]() -> Result<int64_t> {
    const Clock::time_point begin = Clock::now();
    RETURN_IF_ERROR(session.run_into(inputs, outputs));
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
  };
  auto spend = [&](double share) -> Result<Timing> {
    Timing timing;
    const auto most = static_cast<int64_t>(share * seconds * 1e9);
    for (int64_t spent = 0; spent < most || timing.ns.size() < 3; spent += timing.ns.back()) {
      timing.ns.push_back(TRY(once()));
    }
    return timing;
  };
  TRY(spend(0.1));
  Timing timing = TRY(spend(1));
  std::sort(timing.ns.begin(), timing.ns.end());
  return timing;
}

// By time, largest first; names are node names or, with `by_operator`, operators.
std::vector<std::pair<NodeProfile, int>> heaviest(const std::vector<NodeProfile>& nodes, bool by_operator) {
  std::map<std::string, std::pair<NodeProfile, int>> sums;
  for (const NodeProfile& node : nodes) {
    auto& [sum, count] = sums[by_operator ? node.op_type : fmt::format("{}\n{}", node.op_type, node.name)];
    sum.name = by_operator ? node.op_type : node.name;
    sum.op_type = node.op_type;
    sum.runs = std::max(sum.runs, node.runs);
    sum.total_ns += node.total_ns;
    ++count;
  }
  std::vector<std::pair<NodeProfile, int>> list;
  for (auto& [key, sum] : sums) list.push_back(std::move(sum));
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.first.total_ns > b.first.total_ns; });
  return list;
}

void print_profile(const std::vector<NodeProfile>& nodes) {
  constexpr size_t kNodes = 12;
  int64_t all = 0;
  for (const NodeProfile& node : nodes) all += node.total_ns;
  auto share = [&](const NodeProfile& n) {
    return human_percent(static_cast<double>(n.total_ns) / std::max<double>(1, static_cast<double>(all)), 1);
  };
  auto each = [](const NodeProfile& n) { return human_duration(n.total_ns / std::max<int64_t>(1, n.runs)); };
  Table operators({"operator", "nodes", "time a run", "share"});
  for (const auto& [sum, count] : heaviest(nodes, true)) {
    operators.add({sum.op_type, std::to_string(count), each(sum), share(sum)});
  }
  fmt::print("\n{}", operators.text());
  Table heavy({"heaviest nodes", "operator", "time a run", "share"});
  std::vector<std::pair<NodeProfile, int>> list = heaviest(nodes, false);
  for (const auto& [node, count] : std::span(list).first(std::min(kNodes, list.size()))) {
    heavy.add({node.name.empty() ? "-" : node.name, node.op_type, each(node), share(node)});
  }
  fmt::print("\n{}", heavy.text());
}

Json profile_json(const std::vector<NodeProfile>& nodes) {
  Json list = Json::array();
  for (const NodeProfile& n : nodes) {
    const double us = static_cast<double>(n.total_ns) * 1e-3 / static_cast<double>(std::max<int64_t>(1, n.runs));
    list.push(Json::object({{"name", n.name}, {"operator", n.op_type}, {"us", us}}));
  }
  return list;
}

// What files give, and random values for the other inputs.
Result<std::vector<Tensor>> values_to_run(const Options& options, const std::vector<Port>& ports,
                                          const std::map<std::string, int64_t>& sizes, uint64_t integers) {
  std::vector<NamedValue> given;
  for (const std::string& word : options.values)
    std::ranges::move(TRY(read_values(word, "input")), back_inserter(given));
  std::vector<Tensor> values = TRY(values_for(ports, given, "input", false));
  std::vector<Tensor> random = random_inputs(bound_ports(ports, sizes), options.batch, 1, 0, integers);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].defined()) values[i] = std::move(random[i]);
  }
  return values;
}

// The same with integers that the model takes, which may be indices into something small.
Result<std::vector<Tensor>> accepted_values(const Options& options, Session& session,
                                            const std::map<std::string, int64_t>& sizes) {
  std::vector<Tensor> values;
  for (uint64_t integers : kIntegerRanges) {
    values = TRY(values_to_run(options, session.inputs(), sizes, integers));
    if (session.run(values).ok()) break;
  }
  return values;
}

Status run(const Options& options) {
  Graph graph = TRY(open_model(options.model));
  const std::map<std::string, int64_t> sizes = TRY(parse_bindings(options.bind));
  RETURN_IF_ERROR(check_bindings(graph, sizes));
  RETURN_IF_ERROR(set_input_shapes(graph, TRY(parse_shapes(options.shapes))));
  auto session = TRY(Session::create(std::move(graph), {.threads = options.threads}));
  const std::vector<Tensor> inputs = TRY(accepted_values(options, *session, sizes));
  const Timing timing = TRY(time_runs(*session, inputs, options.seconds));
  if (options.profile) {
    session->set_profiling(true);
    TRY(time_runs(*session, inputs, options.seconds / 2));
  }
  const std::vector<NodeProfile> nodes = options.profile ? session->profile() : std::vector<NodeProfile>();
  if (options.json) {
    Json json = Json::object({{"model", options.model},
                              {"batch", options.batch},
                              {"threads", options.threads},
                              {"runs", timing.ns.size()},
                              {"median_us", static_cast<double>(timing.at(0.5)) * 1e-3},
                              {"p10_us", static_cast<double>(timing.at(0.1)) * 1e-3},
                              {"p90_us", static_cast<double>(timing.at(0.9)) * 1e-3},
                              {"arena_bytes", session->arena_bytes()},
                              {"constant_bytes", session->constant_bytes()}});
    if (options.profile) json.set("nodes", profile_json(nodes));
    fmt::print("{}\n", json.dump(2));
    return {};
  }
  fmt::print("{}: batch {}, {} thread{}, {} runs\n", options.model, options.batch, options.threads,
             options.threads == 1 ? "" : "s", timing.ns.size());
  fmt::print("median {}   10 % {}   90 % {}   {}/s\n", human_duration(timing.at(0.5)), human_duration(timing.at(0.1)),
             human_duration(timing.at(0.9)),
             human_magnitude(static_cast<double>(options.batch) * 1e9 / static_cast<double>(timing.at(0.5))));
  fmt::print("memory {} of activations, {} of weights\n", human_bytes(session->arena_bytes()),
             human_bytes(session->constant_bytes()));
  if (options.profile) print_profile(nodes);
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL", options->model, "Model file, or STORE/NAME or STORE/NAME/VERSION").required();
  app.add_option("VALUES", options->values,
                 "Inputs instead of random ones: NAME=FILE, FILE or a folder: .npy, .npz or .pb");
  app.add_option("--batch", options->batch, "Size of unknown dimensions that --bind does not name")
      .check(between(1, 1 << 20));
  app.add_option("--bind", options->bind, "Size of a named dimension, such as length=128").type_name("NAME=SIZE");
  app.add_option("--shape", options->shapes, "Shape of an input, such as image=1x3x224x224").type_name("NAME=SIZES");
  app.add_option("--threads", options->threads, "Threads of one run").check(between(1, 1024));
  app.add_option("--seconds", options->seconds, "How long to measure").check(between(0.01, 3600.0));
  app.add_flag("--profile", options->profile, "Time by operator and by node");
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(bench) = {
    .name = "bench",
    .brief = "Time a model, whole and by operator",
    .help = R"(Runs a model on random inputs for some seconds and tells the median time of a run.

  slipway bench model.onnx --batch 8 --threads 2
  slipway bench model.onnx --shape image=1x3x224x224
  slipway bench model.onnx sr=rate.npy            this input from a file, random values for the others
  slipway bench model.onnx --profile              where the time goes, by operator and by node)",
    .declare = declare,
};

}  // namespace slipway
