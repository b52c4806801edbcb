// BatchNormalization with fixed statistics goes into the convolution before it.
//
// y = s (conv(x, W) + b - mean) + beta, s = scale / sqrt(variance + epsilon): the convolution with s W and
// s (b - mean) + beta, by output channel.
#include <algorithm>
#include <array>
#include <cmath>

#include "rewrite/rewrite.h"

namespace slipway {
namespace {

class Fold {
 public:
  explicit Fold(Graph& graph)
      : graph_(graph), fixed_(graph), producers_(graph.producers()), uses_(graph.use_counts()) {}

  int run() {
    int changes = 0;
    for (Node& node : graph_.nodes()) {
      if (node.op == nullptr || node.op_type != "BatchNormalization" || !node.domain.empty()) continue;
      if (Node* conv = convolution(node)) {
        fold(node, *conv);
        ++changes;
      }
    }
    return changes;
  }

 private:
  bool is_fixed_float(ValueId id) const { return fixed_(id) && graph_.value(id).dtype == DType::f32; }

  // The Conv that feeds `norm` alone, when both have nothing but float32 constants.
  Node* convolution(const Node& norm) {
    bool constant =
        norm.inputs.size() == 5 && norm.integer("training_mode") == 0 &&
        std::all_of(norm.inputs.begin() + 1, norm.inputs.end(), [&](ValueId v) { return is_fixed_float(v); });
    if (!constant || uses_[static_cast<size_t>(norm.inputs[0].index)] != 1) return nullptr;
    NodeId n = producers_[static_cast<size_t>(norm.inputs[0].index)];
    if (!n.valid() || graph_.node(n).op_type != "Conv" || !graph_.node(n).domain.empty()) return nullptr;
    Node& conv = graph_.node(n);
    bool fits = is_fixed_float(conv.inputs[1]) && (!conv.has_input(2) || is_fixed_float(conv.inputs[2]));
    return fits ? &conv : nullptr;
  }

  void fold(Node& norm, Node& conv) {
    std::array<std::span<const float>, 4> statistics;  // scale, beta, mean, variance
    for (size_t i = 0; i < 4; ++i) statistics[i] = graph_.value(norm.inputs[i + 1]).data.data<float>();
    const Value filter = graph_.value(conv.inputs[1]);
    Tensor weights = filter.data.clone();
    auto channels = static_cast<size_t>(weights.dim(0));
    Tensor bias(DType::f32, {weights.dim(0)});
    if (conv.has_input(2)) bias = graph_.value(conv.inputs[2]).data.clone();
    size_t inner = channels == 0 ? 0 : static_cast<size_t>(weights.count()) / channels;
    for (size_t c = 0; c < channels; ++c) {
      double s = static_cast<double>(statistics[0][c]) /
                 std::sqrt(static_cast<double>(statistics[3][c]) + static_cast<double>(norm.real("epsilon")));
      std::span<float> rows = weights.mutable_data<float>().subspan(c * inner, inner);
      for (float& w : rows) w = static_cast<float>(static_cast<double>(w) * s);
      float& b = bias.mutable_data<float>()[c];
      b = static_cast<float>((static_cast<double>(b) - static_cast<double>(statistics[2][c])) * s +
                             static_cast<double>(statistics[1][c]));
    }
    bool trainable = filter.trainable;
    conv.inputs.resize(3);
    conv.inputs[1] = add(filter.name + "_folded", std::move(weights), trainable);
    conv.inputs[2] = add(filter.name + "_bias_folded", std::move(bias), trainable);
    conv.outputs[0] = norm.outputs[0];
    norm.outputs.assign(1, {});
  }

  ValueId add(const std::string& name, Tensor data, bool trainable) {
    ValueId id = graph_.add_constant(graph_.fresh_name(name), std::move(data));
    graph_.value(id).trainable = trainable;
    return id;
  }

  Graph& graph_;
  rewrite::FixedValues fixed_;
  std::vector<NodeId> producers_;
  std::vector<int> uses_;
};

Result<int> apply(Graph& graph, const OperatorSet&) { return Fold(graph).run(); }

}  // namespace

REWRITE(fold_batch_normalization) = {
    .name = "fold_batch_normalization",
    .doc = "BatchNormalization with fixed statistics becomes part of the filter and bias of the Conv before it",
    .order = 15,
    .apply = apply,
    .portable = true,
};

}  // namespace slipway
