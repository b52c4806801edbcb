// int8 activations become uint8: the same numbers with 128 added, as are their zero points.
//
// Processors multiply uint8 by int8; int8 by int8 costs them a correction of every sum.
#include <algorithm>

#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

constexpr int32_t kShift = 128;

class Shift {
 public:
  explicit Shift(Graph& graph) : graph_(graph), uses_(graph.use_counts()), readers_(graph.value_count()) {
    for (size_t n = 0; n < graph.nodes().size(); ++n) {
      for (ValueId in : graph.nodes()[n].inputs) {
        if (in.valid()) readers_[static_cast<size_t>(in.index)].push_back(n);
      }
    }
  }

  int run() {
    int changes = 0;
    const size_t nodes = graph_.nodes().size();
    for (size_t n = 0; n < nodes; ++n) {
      const Node& node = graph_.nodes()[n];
      if (node.op_type != "QuantizeLinear" || !is_int8(node) || !only_dequantized(node.outputs[0])) continue;
      const ValueId stored = node.outputs[0];
      move(n);
      for (size_t reader : readers_[static_cast<size_t>(stored.index)]) move(reader);
      graph_.value(stored).dtype = DType::u8;
      ++changes;
    }
    return changes;
  }

 private:
  bool is_int8(const Node& node) const {
    std::optional<rewrite::LinearScale> scale = rewrite::linear_scale(graph_, node);
    return scale && scale->dtype == DType::i8;
  }

  bool only_dequantized(ValueId stored) const {
    const auto& readers = readers_[static_cast<size_t>(stored.index)];
    if (readers.empty() || static_cast<size_t>(uses_[static_cast<size_t>(stored.index)]) != readers.size())
      return false;
    return std::all_of(readers.begin(), readers.end(), [&](size_t n) {
      const Node& node = graph_.nodes()[n];
      return node.op_type == "DequantizeLinear" && node.inputs[0] == stored && is_int8(node);
    });
  }

  void move(size_t n) {
    const int32_t zero = rewrite::linear_scale(graph_, graph_.nodes()[n])->zero + kShift;
    ValueId constant = graph_.add_constant(graph_.fresh_name("zero_point"), Tensor::scalar(static_cast<uint8_t>(zero)));
    Node& node = graph_.nodes()[n];
    node.inputs.resize(3);
    node.inputs[2] = constant;
    node.attributes.erase("output_dtype");
  }

  Graph& graph_;
  std::vector<int> uses_;
  std::vector<std::vector<size_t>> readers_;
};

Result<int> apply(Graph& graph, const OperatorSet&) { return Shift(graph).run(); }

}  // namespace

REWRITE(unsigned_activations) = {
    .name = "unsigned_activations",
    .doc = "int8 between QuantizeLinear and DequantizeLinear becomes uint8, its zero point moved by 128",
    .order = 2,
    .apply = apply,
};

}  // namespace slipway
