// Convolutions work on [N, ..., C]: Conv becomes ConvChannelsLast between Transposes, and the Transposes sink towards
// the outputs, where they meet and cancel, so that a network stays in one layout from end to end.
//
// oneDNN's fastest convolutions (those on batched small products) read and write channels last; in that layout channels
// need no padding to a block, and every other operator works on an ordinary tensor.
#include <map>

#include "rewrite/requantized_conv.h"
#include "rewrite/rewrite.h"
#include "rewrite/sink_transposes.h"

namespace slipway {
namespace {

class Layout {
 public:
  Layout(Graph& graph, const OperatorSet& operators) : graph_(graph), operators_(operators), fixed_(graph) {}

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
  bool applies(const Node& node) const {
    const bool quantized = rewrite::requantizable(graph_, fixed_, node);
    if (!quantized && (node.op == nullptr || node.op_type != "Conv" || !node.domain.empty())) return false;
    const Value& x = graph_.value(node.inputs[0]);
    return (quantized || x.dtype == DType::f32) && x.dims && x.dims->size() >= 3 && x.dims->size() <= 5 &&
           graph_.value(node.outputs[0]).dims.has_value();
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

  void convert(Node node) {
    const auto rank = static_cast<int64_t>(graph_.value(node.inputs[0]).dims->size());
    std::vector<int64_t> to_last = {0}, to_first = {0, rank - 1};
    for (int64_t d = 2; d < rank; ++d) to_last.push_back(d);
    to_last.push_back(1);
    for (int64_t d = 1; d + 1 < rank; ++d) to_first.push_back(d);

    auto [it, fresh] = moved_.try_emplace(node.inputs[0]);
    if (fresh) it->second = transpose(node.inputs[0], to_last);
    node.inputs[0] = it->second;
    ValueId y = node.outputs[0];
    const Value plain = graph_.value(y);
    Dims dims;
    for (int64_t d : to_last) dims.push_back((*plain.dims)[static_cast<size_t>(d)]);
    node.outputs[0] = graph_.add_value(graph_.fresh_name(plain.name + "_channels_last"), plain.dtype, dims);
    if (node.op_type == "QuantizedConv") {
      node = rewrite::requantized(graph_, operators_, node);
    } else {
      node.op_type = "ConvChannelsLast";
      node.domain = "slipway";
      node.op = operators_.find(node.op_type, node.domain);
    }
    ValueId result = node.outputs[0];
    graph_.add_node(std::move(node));
    transpose(result, to_first, y);
  }

  Graph& graph_;
  const OperatorSet& operators_;
  rewrite::FixedValues fixed_;
  std::map<ValueId, ValueId> moved_;  // plain value -> channels last
  int changes_ = 0;
};

// A training graph stays plain: its gradients read the activations as they are.
Result<int> apply(Graph& graph, const OperatorSet& operators) {
  if (!graph.updates.empty()) return 0;
  int changes = Layout(graph, operators).run();
  if (changes > 0) RETURN_IF_ERROR(sink_transposes(graph, SinkThrough::internal));
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
