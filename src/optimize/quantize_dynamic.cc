// Dynamic quantization: int8 weights by channel; activations become uint8 while the model runs.
#include <map>

#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "optimize/layers.h"
#include "optimize/pass.h"
#include "tensor/permute.h"

namespace slipway {

namespace {

using optimize::Int8Weight;
using optimize::Layer;

class Quantizer {
 public:
  explicit Quantizer(Graph& graph) : graph_(graph), builder_(graph, all_operators()) {}

  Result<PassResult> run() {
    PassResult result;
    std::map<size_t, Layer> layers;
    for (const Layer& layer : optimize::layers(graph_, &result.skipped)) layers.emplace(layer.node, layer);
    std::vector<Node> nodes = std::move(graph_.nodes());
    graph_.nodes().clear();
    for (size_t n = 0; n < nodes.size(); ++n) {
      auto layer = layers.find(n);
      if (layer == layers.end()) {
        graph_.add_node(std::move(nodes[n]));
      } else if (std::optional<std::string> why = unfit(nodes[n])) {
        result.skipped.push_back(fmt::format("{}: {}", describe(nodes[n]), *why));
        graph_.add_node(std::move(nodes[n]));
      } else {
        result.changed += graph_.value(layer->second.weight).data.count();
        replace(nodes[n], layer->second);
      }
    }
    RETURN_IF_ERROR(builder_.status());
    graph_.remove_dead_nodes();
    graph_ = compacted(graph_);
    return result;
  }

 private:
  std::optional<std::string> unfit(const Node& node) const {
    if (node.op_type == "Conv") return std::nullopt;
    return optimize::not_plain_product(graph_, node);
  }

  // xq, xs, xz of a value, made once.
  const Values& quantized(ValueId x) {
    auto it = quantized_.find(x);
    if (it == quantized_.end()) it = quantized_.emplace(x, builder_.ops("DynamicQuantizeLinear", {x}, 3)).first;
    return it->second;
  }

  // [C, 1, 1] for a convolution, [N] for a product.
  static Shape broadcast_shape(const Node& node, int64_t channels, int64_t rank) {
    Shape shape{channels};
    if (node.op_type == "Conv") shape.resize(static_cast<size_t>(rank - 1), 1);
    return shape;
  }

  // y = Cast(xq · wq) * (xs * ws) + b
  void replace(const Node& node, const Layer& layer) {
    const Value weight = graph_.value(layer.weight);
    Int8Weight int8 = optimize::quantize_weight(weight.data, layer.channel_axis);
    bool transposed = node.op_type == "Gemm" && node.integer("transB") != 0;
    if (transposed) int8.data = permuted(int8.data, std::vector<int64_t>{1, 0});
    ValueId stored = builder_.constant(int8.data, weight.name + "_int8");
    auto channels = static_cast<int64_t>(int8.scale.size());
    Shape shape = broadcast_shape(node, channels, weight.data.rank());
    ValueId weight_scale = builder_.constant(Tensor::of<float>(shape, int8.scale), weight.name + "_scale");
    const Values& x = quantized(node.inputs[0]);
    bool convolution = node.op_type == "Conv";
    ValueId product = builder_.op(convolution ? "ConvInteger" : "MatMulInteger", {x[0], stored, x[2]},
                                  convolution ? node.attributes : Attributes());
    ValueId real = builder_.op("Cast", {product}, {{"to", static_cast<int64_t>(DType::f32)}});
    ValueId y = builder_.mul(real, builder_.mul(x[1], weight_scale));
    if (node.has_input(2)) y = builder_.add(y, bias(node, shape));
    if (builder_.status().ok()) graph_.nodes().back().outputs[0] = node.outputs[0];
  }

  ValueId bias(const Node& node, const Shape& shape) {
    const Value& value = graph_.value(node.inputs[2]);
    if (node.op_type != "Conv") return node.inputs[2];
    if (value.data.defined()) return builder_.constant(value.data.reshaped(shape), value.name + "_channels");
    return builder_.op("Reshape", {node.inputs[2], builder_.ints(shape)});
  }

  Graph& graph_;
  Builder builder_;
  std::map<ValueId, Values> quantized_;
};

Result<PassResult> apply(Graph& graph, const PassOptions&) { return Quantizer(graph).run(); }

}  // namespace

PASS(quantize_dynamic) = {
    .name = "quantize_dynamic",
    .doc =
        "Stores weights as int8 by output channel and quantizes activations to uint8 at each run, in the form of ONNX "
        "Runtime's dynamic quantization (DynamicQuantizeLinear, MatMulInteger, ConvInteger).",
    .apply = apply,
};

}  // namespace slipway
