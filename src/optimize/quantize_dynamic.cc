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
  Quantizer(Graph& graph, bool steps_apart)
      : graph_(graph), builder_(graph, all_operators()), steps_apart_(steps_apart) {}

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
        if (steps_apart_) {
          store_weight(nodes[n], layer->second);
        } else {
          replace(nodes[n], layer->second);
        }
      }
    }
    RETURN_IF_ERROR(builder_.status());
    graph_.remove_dead_nodes();
    graph_ = compacted(graph_);
    return result;
  }

 private:
  std::optional<std::string> unfit(const Node& node) const {
    if (node.op_type == "Conv")
      return "a convolution is faster in float than in dynamic int8; --quantize static takes it";
    if (steps_apart_ && (node.op_type == "Gemm" || node.op_type == "MatMul")) return std::nullopt;
    return optimize::not_plain_product(graph_, node);
  }

  // xq, xs, xz of a value, made once.
  const Values& quantized(ValueId x) {
    auto it = quantized_.find(x);
    if (it == quantized_.end()) it = quantized_.emplace(x, builder_.ops("DynamicQuantizeLinear", {x}, 3)).first;
    return it->second;
  }

  // y = x · DequantizeLinear(wq) + b
  void store_weight(Node& node, const Layer& layer) {
    const Value weight = graph_.value(layer.weight);
    auto it = stored_.find(layer.weight);
    if (it == stored_.end()) {
      Int8Weight int8 = optimize::quantize_weight(weight.data, layer.channel_axis);
      const auto channels = static_cast<int64_t>(int8.scale.size());
      ValueId real = builder_.op("DequantizeLinear",
                                 {builder_.constant(int8.data, weight.name + "_int8"),
                                  builder_.constant(Tensor::of<float>({channels}, int8.scale), weight.name + "_scale"),
                                  builder_.constant(Tensor(DType::i8, {channels}), weight.name + "_zero_point")},
                                 {{"axis", layer.channel_axis}});
      it = stored_.emplace(layer.weight, real).first;
    }
    node.inputs[1] = it->second;
    graph_.add_node(std::move(node));
  }

  // y = Cast(xq · wq) * (xs * ws) + b
  void replace(const Node& node, const Layer& layer) {
    const Value weight = graph_.value(layer.weight);
    Int8Weight int8 = optimize::quantize_weight(weight.data, layer.channel_axis);
    bool transposed = node.op_type == "Gemm" && node.integer("transB") != 0;
    if (transposed) int8.data = permuted(int8.data, std::vector<int64_t>{1, 0});
    ValueId stored = builder_.constant(int8.data, weight.name + "_int8");
    const auto channels = static_cast<int64_t>(int8.scale.size());
    ValueId weight_scale = builder_.constant(Tensor::of<float>({channels}, int8.scale), weight.name + "_scale");
    const Values& x = quantized(node.inputs[0]);
    ValueId product = builder_.op("MatMulInteger", {x[0], stored, x[2]});
    ValueId real = builder_.op("Cast", {product}, {{"to", static_cast<int64_t>(DType::f32)}});
    ValueId y = builder_.mul(real, builder_.mul(x[1], weight_scale));
    if (node.has_input(2)) y = builder_.add(y, node.inputs[2]);
    if (builder_.status().ok()) graph_.nodes().back().outputs[0] = node.outputs[0];
  }

  Graph& graph_;
  Builder builder_;
  bool steps_apart_;
  std::map<ValueId, Values> quantized_;
  std::map<ValueId, ValueId> stored_;
};

Result<PassResult> apply(Graph& graph, const PassOptions& options) {
  return Quantizer(graph, options.steps_apart).run();
}

}  // namespace

PASS(quantize_dynamic) = {
    .name = "quantize_dynamic",
    .doc =
        "Stores weights of products as int8 by output channel and quantizes activations to uint8 at each run, in the "
        "form of ONNX Runtime's dynamic quantization (DynamicQuantizeLinear, MatMulInteger).",
    .apply = apply,
};

}  // namespace slipway
