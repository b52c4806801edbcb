// Disturbed runs and what they tell.
#include "support/rounding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "base/random.h"
#include "graph/captures.h"
#include "ops/evaluate.h"
#include "runtime/control_flow.h"
#include "tensor/sequence.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

// Every disturbance is tried with its opposite, so that what stands beside a tie falls to either side.
constexpr int kPairs = 3;
// A result may move this many times as far as the disturbances moved it.
constexpr double kSafety = 8;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Operators that only move, choose or compare: what rounds is before them.
bool is_exact(const Node& node) {
  static const std::set<std::string_view> exact = {"Abs",
                                                   "Neg",
                                                   "Ceil",
                                                   "Floor",
                                                   "Round",
                                                   "Sign",
                                                   "Relu",
                                                   "ReluGrad",
                                                   "Max",
                                                   "Min",
                                                   "Clip",
                                                   "Where",
                                                   "Identity",
                                                   "Cast",
                                                   "CastLike",
                                                   "Reshape",
                                                   "Flatten",
                                                   "Squeeze",
                                                   "Unsqueeze",
                                                   "Transpose",
                                                   "Concat",
                                                   "Split",
                                                   "Slice",
                                                   "Gather",
                                                   "GatherElements",
                                                   "GatherND",
                                                   "Pad",
                                                   "Tile",
                                                   "Expand",
                                                   "Shape",
                                                   "Size",
                                                   "Equal",
                                                   "Greater",
                                                   "Less",
                                                   "GreaterOrEqual",
                                                   "LessOrEqual",
                                                   "IsNaN",
                                                   "IsInf",
                                                   "ArgMax",
                                                   "ArgMin",
                                                   "TopK",
                                                   "Unique",
                                                   "NonZero",
                                                   "Compress",
                                                   "OneHot",
                                                   "EyeLike",
                                                   "ConstantOfShape",
                                                   "Constant",
                                                   "MaxPool",
                                                   "GlobalMaxPool",
                                                   "MaxUnpool",
                                                   "ReduceMax",
                                                   "ReduceMin",
                                                   "DepthToSpace",
                                                   "SpaceToDepth",
                                                   "ReverseSequence",
                                                   "Trilu",
                                                   "Mod",
                                                   "CenterCropPad",
                                                   "Hardmax",
                                                   "ThresholdedRelu",
                                                   "Range",
                                                   "Binarizer",
                                                   "LabelEncoder",
                                                   "ArrayFeatureExtractor",
                                                   "ZipMap",
                                                   "FeatureVectorizer",
                                                   "Imputer",
                                                   "SequenceConstruct",
                                                   "SequenceAt",
                                                   "SequenceInsert",
                                                   "SequenceErase",
                                                   "SequenceEmpty",
                                                   "SequenceLength",
                                                   "SplitToSequence",
                                                   "ConcatFromSequence",
                                                   "Optional",
                                                   "OptionalGetElement",
                                                   "OptionalHasElement",
                                                   "If",
                                                   "Loop",
                                                   "Scan",
                                                   "SequenceMap"};
  return exact.contains(node.op_type);
}

// A number that tells how, not what: disturbed, it would ask for something else.
bool is_setting(const Node& node, size_t input) {
  return (node.op_type == "Resize" && input > 0) || (node.op_type == "Pow" && input == 1);
}

bool quantizes_no_number(const Node& node, std::span<const Tensor> inputs) {
  if (node.op_type != "QuantizeLinear" && node.op_type != "DynamicQuantizeLinear") return false;
  const std::vector<double> x = inputs[0].to_doubles();
  return std::any_of(x.begin(), x.end(), [](double v) { return !std::isfinite(v); });
}

// An infinity made of numbers near the largest: no pole.
bool overflows(const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) {
  constexpr double kLarge = 0x1p100;
  bool large = false, infinite = false;
  for (const Tensor& x : inputs) {
    if (!x.defined() || !is_float(x.dtype())) continue;
    for (double v : x.to_doubles()) {
      large = large || std::abs(v) > kLarge;
      if (std::isinf(v)) return false;
    }
  }
  for (const Tensor& y : outputs) {
    if (!y.defined() || !is_float(y.dtype())) continue;
    for (double v : y.to_doubles()) infinite = infinite || std::isinf(v);
  }
  return large && infinite;
}

bool leaves_to_chance(const Node& node) {
  if (!node.op->deterministic) return true;
  for (const auto& [name, body] : bodies(node)) {
    if (std::any_of(body->nodes().begin(), body->nodes().end(), leaves_to_chance)) return true;
  }
  return false;
}

// How far one operation may be off, over the size of its result: some units in the last place.
double disturbance_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return 0x1p-46;
    case DType::f32: return 0x1p-19;
    case DType::f16: return 0x1p-9;
    default: return 0x1p-6;
  }
}

// What a result of `node` may be off by, however small it is. Behind the smallest normal number it may be flushed to
// zero, and a zero may be of either sign; functions that cancel inside (1 + tanh far below 0) are off by as much as if
// their result were the size of their input.
double smallest_in(const Node& node, std::span<const Tensor> inputs, DType dtype) {
  static const std::set<std::string_view> cancels = {"Gelu", "GeluGrad", "Mish", "Swish", "Elu", "Celu", "Selu"};
  double smallest = dtype == DType::f64 ? 0x1p-1022 : dtype == DType::f16 ? 0x1p-24 : 0x1p-126;
  if (!cancels.contains(node.op_type)) return smallest;
  for (const Tensor& input : inputs) {
    for (double x : input.to_doubles()) {
      if (std::isfinite(x)) smallest = std::max(smallest, disturbance_of(dtype) / 8 * std::abs(x));
    }
  }
  return smallest;
}

// One run of a graph, node by node.
class NodeByNode {
 public:
  // sign: 0 for no disturbance, else 1 or -1.
  NodeByNode(uint64_t seed, double sign, LoopLimits limits) : random_(seed), sign_(sign), limits_(limits) {}

  Status run(const Graph& graph, std::span<const Tensor> inputs, std::vector<Tensor>& outputs) {
    std::vector<Tensor> values(graph.value_count());
    for (size_t v = 0; v < values.size(); ++v) values[v] = graph.value({static_cast<int32_t>(v)}).data;
    for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph.inputs[i].index)] = inputs[i];
    for (const Node& node : graph.nodes()) {
      std::vector<Tensor> results = TRY(run(node, values));
      for (size_t i = 0; i < results.size(); ++i) {
        if (node.has_output(i)) values[static_cast<size_t>(node.outputs[i].index)] = std::move(results[i]);
      }
    }
    outputs.clear();
    for (ValueId id : graph.outputs) outputs.push_back(id.valid() ? values[static_cast<size_t>(id.index)] : Tensor());
    return {};
  }

 private:
  Result<std::vector<Tensor>> run(const Node& node, const std::vector<Tensor>& values) {
    const bool rounds = sign_ != 0 && !is_exact(node);
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      inputs.push_back(node.has_input(i) ? values[static_cast<size_t>(node.inputs[i].index)] : Tensor());
      if (rounds && !is_setting(node, i)) inputs.back() = disturbed(inputs.back(), 0);
    }
    std::vector<Tensor> outputs = TRY(outputs_of(node, inputs));
    if (overflows(inputs, outputs)) return unsupported("where one order of operations overflows, another need not");
    if (!rounds) return outputs;
    for (Tensor& y : outputs) y = disturbed(y, smallest_in(node, inputs, y.dtype()));
    return outputs;
  }

  Result<std::vector<Tensor>> outputs_of(const Node& node, std::span<const Tensor> inputs) {
    if (quantizes_no_number(node, inputs)) return unsupported("ONNX does not say how NaN is quantized");
    const std::vector<Body> inside = bodies(node);
    if (inside.empty()) return ops::evaluate(node, inputs);
    RunBody run_body = [&](std::string_view name, std::span<const Tensor> in, std::vector<Tensor>& out) {
      auto body = std::find_if(inside.begin(), inside.end(), [&](const Body& b) { return b.first == name; });
      return run(*body->second, in, out);
    };
    return run_control_flow(node, inputs, run_body, limits_);
  }

  // x (1 + e) + `smallest` d with random e and d, for floats.
  Tensor disturbed(const Tensor& x, double smallest) {
    if (!x.defined() || !is_float(x.dtype())) return x;
    Tensor y(x.dtype(), x.shape());
    const double scale = disturbance_of(x.dtype());
    visit_dtype(x.dtype(), [&]<typename T>(TypeTag<T>) {
      std::span<const T> from = x.data<T>();
      std::span<T> to = y.mutable_data<T>();
      for (size_t i = 0; i < from.size(); ++i) {
        const auto value = convert_element<double>(from[i]);
        const double e = draw(), d = draw();
        to[i] = std::isfinite(value) ? convert_element<T>(value * (1 + scale * e) + smallest * d) : from[i];
      }
    });
    return y;
  }

  // 1/2 to 1, of either sign.
  double draw() { return sign_ * (random_.below(2) == 0 ? 0.5 : -0.5) * (1 + random_.uniform()); }

  Random random_;
  double sign_;
  LoopLimits limits_;
};

// The tensors of a value; nullopt where there is none in an optional.
void take_apart(const Tensor& value, std::vector<Tensor>& parts) {
  if (value.dtype() == DType::sequence) {
    for (const Tensor& item : sequence_in(value).items) take_apart(item, parts);
  } else if (value.dtype() == DType::optional) {
    take_apart(optional_in(value).value, parts);
  } else {
    parts.push_back(value);
  }
}

std::vector<Tensor> parts_of(const Tensor& value) {
  std::vector<Tensor> parts;
  take_apart(value, parts);
  return parts;
}

bool same_types(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Tensor& x, const Tensor& y) { return x.type() == y.type(); });
}

double largest_of(DType dtype) {
  if (dtype == DType::f64) return std::numeric_limits<double>::max();
  return dtype == DType::f16 ? 65504 : static_cast<double>(std::numeric_limits<float>::max());
}

bool is_wide(DType dtype) { return dtype == DType::i64 || dtype == DType::u64; }

// |a - b|; infinite where NaN or an infinity stands on one side alone, and for strings that differ.
std::vector<double> distances(const Tensor& a, const Tensor& b) {
  std::vector<double> result(static_cast<size_t>(a.count()), 0);
  if (a.dtype() == DType::string) {
    for (size_t i = 0; i < result.size(); ++i) {
      if (a.data<std::string>()[i] != b.data<std::string>()[i]) result[i] = kInfinity;
    }
    return result;
  }
  if (!a.defined()) return result;
  const std::vector<double> x = a.to_doubles(), y = b.to_doubles();
  const std::vector<int64_t> m = is_wide(a.dtype()) ? a.to_ints() : std::vector<int64_t>();
  const std::vector<int64_t> n = is_wide(a.dtype()) ? b.to_ints() : std::vector<int64_t>();
  for (size_t i = 0; i < result.size(); ++i) {
    // What overflows in one order of operations may just not in another.
    const double smaller = std::min(std::abs(x[i]), std::abs(y[i]));
    if (std::isinf(x[i]) != std::isinf(y[i]) && x[i] * y[i] > 0 && smaller > largest_of(a.dtype()) / 16) continue;
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) {
      result[i] = is_wide(a.dtype()) && m[i] != n[i] ? 1 : 0;
    } else {
      result[i] = std::isnan(x[i] - y[i]) ? kInfinity : std::abs(x[i] - y[i]);
    }
  }
  return result;
}

std::string element(const Tensor& t, size_t i) {
  if (t.dtype() == DType::string) return '"' + t.data<std::string>()[i] + '"';
  return is_float(t.dtype()) ? fmt::format("{}", t.to_doubles()[i]) : fmt::format("{}", t.to_ints()[i]);
}

// By output of the graph: whether it follows from nodes of chance.
std::vector<bool> chancy_outputs(const Graph& graph) {
  std::vector<bool> chancy(graph.value_count(), false);
  for (const Node& node : graph.nodes()) {
    bool any = leaves_to_chance(node);
    for (ValueId in : node.inputs) any = any || (in.valid() && chancy[static_cast<size_t>(in.index)]);
    for (ValueId out : node.outputs) {
      if (out.valid()) chancy[static_cast<size_t>(out.index)] = any;
    }
  }
  std::vector<bool> result;
  for (ValueId id : graph.outputs) result.push_back(id.valid() && chancy[static_cast<size_t>(id.index)]);
  return result;
}

}  // namespace

std::optional<Expectation> Expectation::of(const Graph& graph, const std::vector<Tensor>& inputs, int64_t max_trips,
                                           int64_t max_loop_bytes) {
  const LoopLimits limits{max_trips, max_loop_bytes};
  std::vector<Tensor> exact, moved;
  if (!NodeByNode(0, 0, limits).run(graph, inputs, exact).ok()) return std::nullopt;
  Expectation expected;
  expected.open_ = chancy_outputs(graph);
  for (size_t o = 0; o < exact.size(); ++o) {
    for (Tensor& part : parts_of(exact[o])) {
      expected.parts_.push_back({o, part, std::vector<double>(static_cast<size_t>(part.count()), 0)});
    }
  }
  for (int run = 0; run < 2 * kPairs; ++run) {
    // Where a disturbance brings a refusal, rounding could.
    if (!NodeByNode(static_cast<uint64_t>(run / 2) + 1, run % 2 == 0 ? 1 : -1, limits).run(graph, inputs, moved).ok()) {
      expected.open_.assign(exact.size(), true);
      return expected;
    }
    size_t p = 0;
    for (size_t o = 0; o < exact.size(); ++o) {
      const std::vector<Tensor> before = parts_of(exact[o]), after = parts_of(moved[o]);
      if (!same_types(before, after)) expected.open_[o] = true;
      for (size_t i = 0; i < before.size(); ++i, ++p) {
        if (expected.open_[o]) continue;
        const std::vector<double> apart = distances(before[i], after[i]);
        std::vector<double>& slack = expected.parts_[p].slack;
        for (size_t k = 0; k < apart.size(); ++k) slack[k] = std::max(slack[k], kSafety * apart[k]);
      }
    }
  }
  return expected;
}

std::string Expectation::contradiction(const std::vector<Tensor>& outputs) const {
  size_t p = 0;
  for (size_t o = 0; o < outputs.size(); ++o) {
    const std::vector<Tensor> found = parts_of(outputs[o]);
    std::vector<Tensor> wanted;
    const size_t first = p;
    for (; p < parts_.size() && parts_[p].output == o; ++p) wanted.push_back(parts_[p].value);
    if (open_[o]) continue;
    if (!same_types(found, wanted)) return fmt::format("output {} holds other types than its node alone gives", o);
    for (size_t i = 0; i < found.size(); ++i) {
      const std::vector<double> apart = distances(wanted[i], found[i]);
      for (size_t k = 0; k < apart.size(); ++k) {
        const double slack = parts_[first + i].slack[k];
        if (apart[k] <= slack) continue;
        return fmt::format("output {}: element {} of {} is {}; expected {}, give or take {}", o, k,
                           to_string(wanted[i].type()), element(found[i], k), element(wanted[i], k), slack);
      }
    }
  }
  return {};
}

int64_t Expectation::settled() const {
  int64_t count = 0;
  for (const Part& part : parts_) {
    if (open_[part.output]) continue;
    count += std::count_if(part.slack.begin(), part.slack.end(), [](double s) { return std::isfinite(s); });
  }
  return count;
}

}  // namespace slipway
