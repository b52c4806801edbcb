// The steps in order, each measured.
#include "optimize/optimize.h"

#include <algorithm>

#include <fmt/format.h>

#include "optimize/layers.h"
#include "rewrite/rewrite.h"
#include "runtime/session.h"

namespace slipway {

namespace {

constexpr int64_t kWarmRuns = 10;

bool is_quantized(const Graph& graph) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(), [](const Node& node) {
    return node.op_type == "DequantizeLinear" || node.op_type == "MatMulInteger" || node.op_type == "ConvInteger" ||
           node.op_type.starts_with("QLinear");
  });
}

Result<double> median_latency_us(const Graph& graph, int64_t runs, const Clock& clock) {
  std::unique_ptr<Session> session = TRY(Session::create(graph, {.threads = 1}));
  std::vector<Tensor> inputs;
  for (const Port& port : session->inputs()) {
    if (port.dtype == DType::undefined) return unsupported(fmt::format("input \"{}\" has no type", port.name));
    Shape shape;
    for (const Dim& dim : port.dims) shape.push_back(dim.known() ? dim.size : 1);
    inputs.emplace_back(port.dtype, std::move(shape));
  }
  std::vector<Tensor> outputs;
  std::vector<int64_t> times;
  for (int64_t run = 0; run < kWarmRuns + runs; ++run) {
    int64_t begin = clock.steady_ns();
    RETURN_IF_ERROR(session->run_into(inputs, outputs));
    if (run >= kWarmRuns) times.push_back(clock.steady_ns() - begin);
  }
  if (times.empty()) return 0.0;
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return static_cast<double>(times[times.size() / 2]) / 1000;
}

// Zeros among float weights of layers; in a quantized graph, among its int8 constants.
void count_zeros(const Graph& graph, Measurement& m) {
  std::vector<int> uses = graph.use_counts();
  for (size_t v = 0; v < graph.value_count(); ++v) {
    const Tensor& data = graph.value({static_cast<int32_t>(v)}).data;
    bool weight =
        data.defined() && uses[v] > 0 && data.rank() >= 2 && (data.dtype() == DType::f32 || data.dtype() == DType::i8);
    if (!weight) continue;
    m.weights += data.count();
    if (data.dtype() == DType::i8) {
      m.zero_weights += std::ranges::count(data.data<int8_t>(), int8_t{0});
    } else {
      m.zero_weights += std::ranges::count(data.data<float>(), 0.f);
    }
  }
}

class Steps {
 public:
  Steps(const OptimizeOptions& options, const Clock& clock) : options_(options), clock_(clock) {}

  Status measure(std::string step, const Graph& graph) {
    Measurement m;
    m.step = std::move(step);
    m.bytes = constant_bytes(graph);
    count_zeros(graph, m);
    if (options_.evaluate) m.accuracy = TRY(options_.evaluate(graph));
    m.latency_us = TRY(median_latency_us(graph, options_.latency_runs, clock_));
    report.steps.push_back(std::move(m));
    return {};
  }

  Result<PassResult> apply(std::string_view name, Graph& graph, const PassOptions& pass_options) {
    const Pass* pass = find_pass(name);
    CHECK(pass != nullptr, "no such pass");
    RETURN_IF_ERROR(infer_types(graph));
    Result<PassResult> result = pass->apply(graph, pass_options);
    if (!result.ok()) return result.status().at(name);
    report.skipped.insert(report.skipped.end(), result->skipped.begin(), result->skipped.end());
    return result;
  }

  OptimizeReport report;

 private:
  const OptimizeOptions& options_;
  const Clock& clock_;
};

Json optional_number(const std::optional<double>& x) { return x ? Json(*x) : Json(); }

}  // namespace

Json to_json(const OptimizeReport& report) {
  Json steps = Json::array();
  for (const Measurement& m : report.steps) {
    steps.push(Json::object({{"step", m.step},
                             {"accuracy", optional_number(m.accuracy)},
                             {"bytes", m.bytes},
                             {"weights", m.weights},
                             {"zero_weights", m.zero_weights},
                             {"latency_us", m.latency_us}}));
  }
  return Json::object({{"steps", std::move(steps)}, {"skipped", Json::array_of(report.skipped)}});
}

int64_t constant_bytes(const Graph& graph) {
  std::vector<int> uses = graph.use_counts();
  int64_t bytes = 0;
  for (size_t v = 0; v < graph.value_count(); ++v) {
    const Tensor& data = graph.value({static_cast<int32_t>(v)}).data;
    if (data.defined() && uses[v] > 0) bytes += static_cast<int64_t>(data.bytes());
  }
  return bytes;
}

Result<Optimized> optimize_model(const Graph& model, const OptimizeOptions& options, const Clock& clock) {
  bool known = options.quantize.empty() || options.quantize == "dynamic" || options.quantize == "static";
  if (!known) return invalid(fmt::format("quantize \"{}\": expected dynamic or static", options.quantize));
  if (is_quantized(model)) return invalid("the model is quantized already; start from the float model it was made of");
  Steps steps(options, clock);
  Graph graph = model;
  RETURN_IF_ERROR(steps.measure("original", graph));
  PassOptions pass = options.pass;
  pass.fraction = options.prune;
  if (options.prune != 0) {
    PassResult pruned = TRY(steps.apply("prune", graph, pass));
    RETURN_IF_ERROR(steps.measure("pruned", graph));
    if (options.fine_tune) {
      graph = TRY(options.fine_tune(graph, pruned.masks));
      RETURN_IF_ERROR(steps.measure("fine-tuned", graph));
    }
  }
  if (!options.quantize.empty()) {
    RETURN_IF_ERROR(rewrite::simplify(graph));
    TRY(steps.apply("quantize_" + options.quantize, graph, pass));
    RETURN_IF_ERROR(steps.measure(fmt::format("quantized ({})", options.quantize), graph));
  }
  return Optimized{std::move(graph), std::move(steps.report)};
}

}  // namespace slipway
