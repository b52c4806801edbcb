// The steps in order, each measured.
#include "optimize/optimize.h"

#include <algorithm>

#include <fmt/format.h>

#include "optimize/layers.h"
#include "optimize/look_back.h"
#include "rewrite/rewrite.h"
#include "runtime/session.h"

namespace slipway {

namespace {

bool is_quantized(const Graph& graph) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(), [](const Node& node) {
    return node.op_type == "DequantizeLinear" || node.op_type == "MatMulInteger" || node.op_type == "ConvInteger" ||
           node.op_type.starts_with("QLinear");
  });
}

// Zeros for a run of one row.
Result<std::vector<Tensor>> one_row(const Graph& graph) {
  std::vector<Tensor> inputs;
  for (const Port& port : input_ports(graph)) {
    if (port.dtype == DType::undefined) return unsupported(fmt::format("input \"{}\" has no type", port.name));
    Shape shape;
    for (const Dim& dim : port.dims) shape.push_back(dim.known() ? dim.size : 1);
    inputs.emplace_back(port.dtype, std::move(shape));
  }
  return inputs;
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
  Steps(const Graph& original, const OptimizeOptions& options, const Clock& clock)
      : original_(original), options_(options), clock_(clock) {
    report.made_up = options.made_up;
  }

  Status begin() {
    row_ = TRY(one_row(original_));
    // Not every model takes zeros, or sizes of one.
    std::unique_ptr<Session> session = TRY(Session::create(original_));
    if (!options_.probes.empty() && !session->run(row_).ok()) row_ = options_.probes[0];
    if (!options_.probes.empty()) judge_ = TRY(AnswerJudge::create(original_, options_.probes));
    return measure("original", original_);
  }

  Status measure(std::string step, const Graph& graph) {
    Measurement m;
    m.step = std::move(step);
    m.bytes = slipway::constant_bytes(graph);
    count_zeros(graph, m);
    if (options_.evaluate) m.score = TRY(options_.evaluate(graph));
    if (!report.steps.empty()) {
      if (judge_) m.likeness = TRY(judge_->judge(graph));
      report.latency = TRY(measure_latency(original_, graph, row_, options_.latency_runs, clock_));
      report.steps.front().latency_us = report.latency.before_us;
      m.latency_us = report.latency.after_us;
    }
    report.steps.push_back(std::move(m));
    return {};
  }

  Result<PassResult> apply(std::string_view name, Graph& graph, const PassOptions& pass_options) {
    const Pass* pass = find_pass(name);
    CHECK(pass != nullptr, "no such pass");
    RETURN_IF_ERROR(infer_types(graph));
    Result<PassResult> result = pass->apply(graph, pass_options);
    if (!result.ok()) return result.status().at(name);
    if (result->changed == 0 && result->masks.empty()) {
      const std::string why = result->skipped.empty() ? "no operator of it has weights" : result->skipped.front();
      return failed_precondition(fmt::format("{}: nothing in the model can be made smaller so: {}{}", name, why,
                                             result->skipped.size() > 1 ? ", …" : ""));
    }
    for (const std::string& line : result->skipped) {
      if (std::ranges::find(report.skipped, line) == report.skipped.end()) report.skipped.push_back(line);
    }
    return result;
  }

  OptimizeReport report;

 private:
  const Graph& original_;
  const OptimizeOptions& options_;
  const Clock& clock_;
  std::vector<Tensor> row_;
  std::optional<AnswerJudge> judge_;
};

Json to_json(const Score& score) {
  return Json::object({{"name", score.name}, {"value", score.value}, {"greater_is_better", score.greater_is_better}});
}

}  // namespace

Json to_json(const OptimizeReport& report) {
  Json steps = Json::array();
  for (const Measurement& m : report.steps) {
    const bool accuracy = m.score && m.score->name == "accuracy";
    steps.push(Json::object({{"step", m.step},
                             {"accuracy", accuracy ? Json(m.score->value) : Json()},
                             {"score", m.score ? to_json(*m.score) : Json()},
                             {"likeness", m.likeness ? to_json(*m.likeness) : Json()},
                             {"bytes", m.bytes},
                             {"weights", m.weights},
                             {"zero_weights", m.zero_weights},
                             {"latency_us", m.latency_us}}));
  }
  return Json::object({{"steps", std::move(steps)},
                       {"skipped", Json::array_of(report.skipped)},
                       {"notes", Json::array_of(report.notes)},
                       {"made_up", report.made_up}});
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
  Steps steps(model, options, clock);
  Graph graph = model;
  RETURN_IF_ERROR(steps.begin());
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
    pass.steps_apart = options.quantize == "dynamic" && TRY(looks_back_only(model, options.probes));
    if (pass.steps_apart) {
      steps.report.notes.push_back(
          "answers look back only, and keep so: weights are int8, activations stay float (one range for all steps "
          "would "
          "let later ones in)");
    }
    TRY(steps.apply("quantize_" + options.quantize, graph, pass));
    RETURN_IF_ERROR(steps.measure(fmt::format("quantized ({})", options.quantize), graph));
  }
  return Optimized{std::move(graph), std::move(steps.report)};
}

}  // namespace slipway
