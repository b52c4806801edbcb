// Convolutions work on [N, ..., C]: Conv becomes ConvChannelsLast between Transposes, and the Transposes sink towards
// the outputs, where they meet and cancel, so that a network stays in one layout from end to end.
//
// oneDNN's fastest convolutions (those on batched small products) read and write channels last; in that layout channels
// need no padding to a block, and every other operator works on an ordinary tensor. A training graph is laid out in the
// same way, gradients too, where its convolutions have many channels.
#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "rewrite/requantized_conv.h"
#include "rewrite/rewrite.h"
#include "rewrite/sink_transposes.h"

namespace slipway {
namespace {

class Layout {
 public:
  Layout(Graph& graph, const OperatorSet& operators, bool trains)
      : graph_(graph), operators_(operators), fixed_(graph), trains_(trains) {}

  int run() {
    std::vector<Node> nodes = std::move(graph_.nodes());
    graph_.nodes().clear();
    for (Node& node : nodes) {
      if (!applies(node)) {
        graph_.add_node(std::move(node));
        continue;
      }
      convert(std::move(node));
      ++changes_;
    }
    return changes_;
  }

 private:
  static bool is(const Node& node, std::string_view op_type, std::string_view domain = "") {
    return node.op != nullptr && node.op_type == op_type && node.domain == domain;
  }
  static bool normalizes(const Node& node) {
    return is(node, "BatchNormalization") && node.integer("training_mode") != 0 && node.has_output(1) &&
           node.has_output(2);
  }

  bool applies(const Node& node) const {
    const bool quantized = rewrite::requantizable(graph_, fixed_, node);
    if (!quantized && !is(node, "Conv") && !(trains_ && learns(node))) return false;
    const Value& x = graph_.value(node.inputs[0]);
    if ((!quantized && x.dtype != DType::f32) || !x.dims || x.dims->size() < 3 || x.dims->size() > 5) return false;
    const std::vector<size_t> moving = moving_inputs(node);
    auto fits = [&](ValueId id) { return graph_.value(id).dims && graph_.value(id).dims->size() == x.dims->size(); };
    return std::all_of(moving.begin(), moving.end(), [&](size_t i) { return fits(node.inputs[i]); }) &&
           fits(node.outputs[0]);
  }

  // Gradients of convolutions; normalizations in training mode, and their gradients.
  bool learns(const Node& node) const {
    if (is(node, "ConvGradData", "slipway") || is(node, "ConvGradWeights", "slipway")) {
      return node.integer("channels_last") == 0;
    }
    return normalizes(node) ||
           (is(node, "BatchNormalizationGrad", "slipway") && statistics_.contains({node.inputs[0], node.inputs[1]}));
  }

  // Adds Transpose(x, perm) producing `out`, or a new value when `out` is none.
  ValueId transpose(ValueId x, const std::vector<int64_t>& perm, ValueId out = {}) {
    if (!out.valid()) {
      const Value value = graph_.value(x);
      Dims dims;
      for (int64_t d : perm) dims.push_back((*value.dims)[static_cast<size_t>(d)]);
      out = graph_.add_value(graph_.fresh_name(value.name + "_channels_last"), value.dtype, dims);
    }
    Node node;
    node.op_type = "Transpose";
    node.op = operators_.find("Transpose");
    node.name = graph_.value(out).name;
    node.inputs = {x};
    node.outputs = {out};
    node.attributes.set("perm", perm);
    graph_.add_node(std::move(node));
    return out;
  }

  // A new value like `plain`, whose elements lie channels last.
  ValueId moved_like(ValueId plain, const std::vector<int64_t>& to_last) {
    const Value value = graph_.value(plain);
    Dims dims;
    for (int64_t d : to_last) dims.push_back((*value.dims)[static_cast<size_t>(d)]);
    return graph_.add_value(graph_.fresh_name(value.name + "_channels_last"), value.dtype, dims);
  }

  void convert(Node node) {
    const auto rank = static_cast<int64_t>(graph_.value(node.inputs[0]).dims->size());
    std::vector<int64_t> to_last = {0}, to_first = {0, rank - 1};
    for (int64_t d = 2; d < rank; ++d) to_last.push_back(d);
    to_last.push_back(1);
    for (int64_t d = 1; d + 1 < rank; ++d) to_first.push_back(d);

    const ValueId x = node.inputs[0], scale = node.inputs[1];
    for (size_t i : moving_inputs(node)) {
      auto [it, fresh] = moved_.try_emplace(node.inputs[i]);
      if (fresh) it->second = transpose(node.inputs[i], to_last);
      node.inputs[i] = it->second;
    }
    const ValueId y = node.outputs[0];
    const bool moves = node.op_type != "ConvGradWeights";
    if (moves) node.outputs[0] = moved_like(y, to_last);
    become_channels_last(node, {x, scale});
    const ValueId result = node.outputs[0];
    graph_.add_node(std::move(node));
    if (moves) transpose(result, to_first, y);
  }

  // The inputs of `node` that are activations.
  static std::vector<size_t> moving_inputs(const Node& node) {
    if (node.op_type == "ConvGradData" || node.op_type == "BatchNormalizationGrad") return {0, 2};
    if (node.op_type == "ConvGradWeights") return {0, 1};
    return {0};
  }

  void become_channels_last(Node& node, std::pair<ValueId, ValueId> normalized) {
    if (node.op_type == "QuantizedConv") {
      node = rewrite::requantized(graph_, operators_, node);
      return;
    }
    if (node.domain == "slipway" && node.op_type != "BatchNormalizationGrad") {
      node.attributes.set("channels_last", int64_t{1});
      return;
    }
    if (node.op_type == "BatchNormalization") {
      const Value like = graph_.value(node.inputs[1]);
      Statistics s{node.inputs[2], {}, {}};
      for (ValueId* made : {&s.mean, &s.inverse}) {
        *made = graph_.add_value(graph_.fresh_name(node.name + "/statistics"), like.dtype, like.dims);
        node.outputs.push_back(*made);
      }
      statistics_[normalized] = s;
      node.attributes.erase("training_mode");
    } else if (node.op_type == "BatchNormalizationGrad") {
      const Statistics& s = statistics_.at(normalized);
      node.inputs = {node.inputs[0], node.inputs[1], s.bias, s.mean, s.inverse, node.inputs[2]};
      node.attributes.erase("epsilon");
    }
    node.op_type += "ChannelsLast";
    node.domain = "slipway";
    node.op = operators_.find(node.op_type, node.domain);
  }

  // What a normalization leaves for its gradient.
  struct Statistics {
    ValueId bias, mean, inverse;
  };

  Graph& graph_;
  const OperatorSet& operators_;
  rewrite::FixedValues fixed_;
  bool trains_;
  std::map<ValueId, ValueId> moved_;                              // plain value -> channels last
  std::map<std::pair<ValueId, ValueId>, Statistics> statistics_;  // of normalizations, by X and scale
  int changes_ = 0;
};

// Whether most of what the graph's convolutions multiply is between channels that fill vectors. Where weights move, the
// convolutions of few channels and the poolings beside them are faster in the plain layout.
bool pays_in_training(const Graph& graph) {
  constexpr int64_t kChannels = 16;
  double wide = 0, all = 0;
  for (const Node& node : graph.nodes()) {
    if (node.op == nullptr || node.op_type != "Conv" || !node.domain.empty()) continue;
    const Value &w = graph.value(node.inputs[1]), &y = graph.value(node.outputs[0]);
    if (!w.dims || !y.dims) continue;
    double products = 1;
    for (const Dim& dim : *w.dims) products *= dim.known() ? static_cast<double>(dim.size) : 1;
    for (size_t i = 2; i < y.dims->size(); ++i) {
      products *= (*y.dims)[i].known() ? static_cast<double>((*y.dims)[i].size) : 1;
    }
    auto fills = [](const Dim& dim) { return dim.known() && dim.size >= kChannels; };
    all += products;
    if (fills((*w.dims)[0]) && fills((*w.dims)[1]) && node.text("compute").empty()) wide += products;
  }
  return 2 * wide > all;
}

Result<int> apply(Graph& graph, const OperatorSet& operators) {
  const bool trains = !graph.updates.empty();
  if (trains && !pays_in_training(graph)) return 0;
  int changes = Layout(graph, operators, trains).run();
  if (changes > 0) RETURN_IF_ERROR(sink_transposes(graph, trains ? SinkThrough::training : SinkThrough::internal));
  return changes;
}

}  // namespace

REWRITE(channels_last) = {
    .name = "channels_last",
    .doc = "Conv, and pooling behind it, work on [N, ..., C]; Transposes stay where the network enters and leaves it",
    .order = 90,
    .apply = apply,
    .last = true,
};

}  // namespace slipway
