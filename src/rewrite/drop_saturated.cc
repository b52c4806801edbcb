// Relu and Clip in front of a QuantizeLinear: dropped where it saturates there anyway, else moved behind the rounding
// when a product comes before them, so that the product itself can round.
#include <limits>

#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

using rewrite::Bounds;
using rewrite::LinearScale;

class Drop {
 public:
  explicit Drop(Graph& graph) : graph_(graph), fixed_(graph), near_(graph) {}

  int run(const OperatorSet& operators) {
    int changes = 0;
    const size_t nodes = graph_.nodes().size();
    for (size_t n = 0; n < nodes; ++n) {
      const Node node = graph_.nodes()[n];
      std::optional<Bounds> bounds = bounds_of(node);
      const Node* quantize = bounds ? near_.only_reader(node.outputs[0], "QuantizeLinear") : nullptr;
      if (quantize == nullptr || quantize->inputs[0] != node.outputs[0]) continue;
      std::optional<LinearScale> scale = rewrite::linear_scale(graph_, *quantize);
      if (!scale) continue;
      const size_t at = near_.index(quantize);
      if (scale->stored(bounds->low) <= scale->least() && scale->stored(bounds->high) >= scale->greatest()) {
        graph_.nodes()[at].inputs[0] = node.inputs[0];
        ++changes;
      } else if (node.op_type == "Clip" && behind_product(node.inputs[0])) {
        round_before(n, Node(graph_.nodes()[at]), operators);
        return changes + 1;
      }
    }
    return changes;
  }

 private:
  std::optional<Bounds> bounds_of(const Node& node) const {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    if (!node.domain.empty() || node.op == nullptr) return std::nullopt;
    if (node.op_type == "Relu") return Bounds{0, kInfinity};
    if (node.op_type != "Clip") return std::nullopt;
    return rewrite::clip_bounds(graph_, fixed_, node, {-kInfinity, kInfinity});
  }

  bool behind_product(ValueId x) const {
    for (const char* product : {"Conv", "Gemm", "MatMul"}) {
      const Node* node = near_.producer(x, product);
      if (node != nullptr && near_.producer(node->inputs[0], "DequantizeLinear") != nullptr) {
        return near_.only_reader(x, "Clip") != nullptr;
      }
    }
    return false;
  }

  // x -> Clip -> QuantizeLinear as x -> QuantizeLinear -> DequantizeLinear -> Clip -> QuantizeLinear: quantizing keeps
  // order, so clipping the rounded value gives what rounding the clipped one does.
  void round_before(size_t clip, Node quantize, const OperatorSet& operators) {
    const Value x = graph_.value(graph_.nodes()[clip].inputs[0]);
    const ValueId source = graph_.nodes()[clip].inputs[0];
    ValueId stored =
        graph_.add_value(graph_.fresh_name(x.name + "_rounded"), graph_.value(quantize.outputs[0]).dtype, x.dims);
    ValueId real = graph_.add_value(graph_.fresh_name(x.name + "_real"), x.dtype, x.dims);
    Node dequantize = quantize;
    dequantize.op_type = "DequantizeLinear";
    dequantize.op = operators.find("DequantizeLinear");
    dequantize.attributes = {};
    dequantize.name = graph_.value(real).name;
    dequantize.inputs[0] = stored;
    dequantize.outputs = {real};
    quantize.name = graph_.value(stored).name;
    quantize.inputs[0] = source;
    quantize.outputs = {stored};
    graph_.nodes()[clip].inputs[0] = real;
    graph_.add_node(std::move(quantize));
    graph_.add_node(std::move(dequantize));
  }

  Graph& graph_;
  rewrite::FixedValues fixed_;
  rewrite::Neighbours near_;
};

Result<int> apply(Graph& graph, const OperatorSet& operators) { return Drop(graph).run(operators); }

}  // namespace

REWRITE(drop_saturated) = {
    .name = "drop_saturated",
    .doc = "Relu or Clip in front of a QuantizeLinear that saturates there anyway goes",
    .order = 3,
    .apply = apply,
};

}  // namespace slipway
