// Finding weights.
#include "train/weights.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string_view>

#include "graph/operator.h"

namespace slipway::train {

namespace {

// Inputs `first` to `last` of an operator are weights where they are constant.
struct Row {
  std::string_view op;
  size_t first, last;
};

constexpr Row kRows[] = {
    {"BatchNormalization", 1, 2},
    {"Conv", 1, 2},
    {"ConvTranspose", 1, 2},
    {"Einsum", 1, 3},
    {"GRU", 1, 3},
    {"Gather", 0, 0},
    {"Gemm", 1, 2},
    {"GroupNormalization", 1, 2},
    {"InstanceNormalization", 1, 2},
    {"LSTM", 1, 3},
    {"LayerNormalization", 1, 2},
    {"MatMul", 1, 2},
    {"PRelu", 1, 1},
    {"RMSNormalization", 1, 1},
    {"RNN", 1, 3},
};

bool is_weight_input(const Node& node, size_t i) {
  const Row* row = std::ranges::find(kRows, node.op_type, &Row::op);
  return node.domain.empty() && row != std::end(kRows) && i >= row->first && i <= row->last;
}

bool is_one_of(const Node& node, std::initializer_list<std::string_view> names) {
  return node.domain.empty() && std::ranges::find(names, node.op_type) != names.end();
}

class Finder {
 public:
  explicit Finder(const Graph& model) : model_(model), scaled_(model.value_count(), false) {}

  Values run() {
    const std::vector<NodeId> producers = model_.producers();
    for (const Node& node : model_.nodes()) {
      if (node.op == nullptr || node.op->gradient == nullptr) continue;
      bool weighted = take_inputs(node, producers);
      weighted = take_operand(node, producers) || weighted;
      if (weighted && node.has_output(0)) scaled_[index(node.outputs[0])] = true;
    }
    return found_;
  }

 private:
  static size_t index(ValueId id) { return static_cast<size_t>(id.index); }

  bool is_float_constant(ValueId id) const { return model_.is_constant(id) && is_float(model_.value(id).dtype); }

  // The constant that `id` holds, as it is or under another shape; invalid: it is computed.
  ValueId constant_of(ValueId id, const std::vector<NodeId>& producers) const {
    while (id.valid() && !is_float_constant(id)) {
      const NodeId made = producers[index(id)];
      if (!made.valid()) return {};
      const Node& node = model_.node(made);
      const bool passes =
          node.op != nullptr && node.op->gradient != nullptr && (node.op->view || is_one_of(node, {"Transpose"}));
      id = passes ? node.inputs[0] : ValueId();
    }
    return id;
  }

  void take(ValueId id) {
    if (std::ranges::find(found_, id) == found_.end()) found_.push_back(id);
  }

  // The weights among the inputs of `node`; whether there are any.
  bool take_inputs(const Node& node, const std::vector<NodeId>& producers) {
    bool any = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!is_weight_input(node, i)) continue;
      const ValueId id = constant_of(node.inputs[i], producers);
      if (!id.valid()) continue;
      take(id);
      any = true;
    }
    return any;
  }

  // A bias or a scale that stands in a node of its own.
  bool take_operand(const Node& node, const std::vector<NodeId>& producers) {
    if (!is_one_of(node, {"Add", "Mul"})) return false;
    for (size_t i : {size_t{0}, size_t{1}}) {
      const ValueId vector = node.inputs[i], other = node.inputs[1 - i];
      if (!is_float_constant(vector) || !is_by_channel(model_.value(vector).data.shape())) continue;
      const bool takes = is_one_of(node, {"Add"}) ? scaled_[index(other)] : is_normalized(other, producers);
      if (!takes) continue;
      take(vector);
      return true;
    }
    return false;
  }

  // One number for each place along one dimension, and more than one.
  static bool is_by_channel(const Shape& shape) {
    return std::ranges::count_if(shape, [](int64_t size) { return size != 1; }) == 1;
  }

  // A quotient whose divisor is computed, too: by a deviation or a norm.
  bool is_normalized(ValueId id, const std::vector<NodeId>& producers) const {
    const NodeId made = producers[index(id)];
    if (!made.valid()) return false;
    const Node& node = model_.node(made);
    return is_one_of(node, {"Div"}) && !model_.is_constant(node.inputs[0]) && !model_.is_constant(node.inputs[1]);
  }

  const Graph& model_;
  std::vector<bool> scaled_;  // by value: what weights were just applied to
  Values found_;
};

}  // namespace

Values weights_of(const Graph& model) {
  Values marked;
  for (size_t v = 0; v < model.value_count(); ++v) {
    const ValueId id{static_cast<int32_t>(v)};
    if (model.value(id).trainable && model.is_constant(id)) marked.push_back(id);
  }
  return marked.empty() ? Finder(model).run() : marked;
}

}  // namespace slipway::train
