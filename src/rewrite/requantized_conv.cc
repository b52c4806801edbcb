// The scales of a quantized convolution joined into one factor and one summand by channel.
#include "rewrite/requantized_conv.h"

#include <algorithm>
#include <cmath>

#include "ops/quantized_product.h"

namespace slipway::rewrite {

namespace {

using namespace ops;  // the order of a QuantizedConv's inputs

bool usable_scale(const Tensor& t) {
  std::span<const float> values = t.data<float>();
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x) && x > 0; });
}

int32_t zero_of(const Graph& graph, const Node& node, size_t i) {
  return node.has_input(i) ? static_cast<int32_t>(graph.value(node.inputs[i]).data.to_ints()[0]) : 0;
}

}  // namespace

bool requantizable(const Graph& graph, const FixedValues& fixed, const Node& node) {
  if (node.op_type != "QuantizedConv" || node.domain != "slipway" || node.op == nullptr) return false;
  const DType x = graph.value(node.inputs[kX]).dtype;
  if ((x != DType::u8 && x != DType::i8) || !node.has_input(kXScale)) return false;
  for (size_t i = kW; i < node.inputs.size(); ++i) {
    if (node.has_input(i) && !fixed(node.inputs[i])) return false;
  }
  for (size_t i : {kXScale, kYScale, kWScale}) {
    if (node.has_input(i) && !usable_scale(graph.value(node.inputs[i]).data)) return false;
  }
  const int64_t channels = graph.value(node.inputs[kW]).data.shape()[0];
  const int64_t scales = graph.value(node.inputs[kWScale]).data.count();
  return scales == 1 || scales == channels;
}

Node requantized(Graph& graph, const OperatorSet& operators, const Node& node) {
  const bool rounds = node.has_input(kYScale);
  const DType y = graph.value(node.outputs[0]).dtype;
  const int64_t channels = graph.value(node.inputs[kW]).data.shape()[0];
  const Tensor w_scale = graph.value(node.inputs[kWScale]).data;
  auto one = [&](size_t i) { return static_cast<double>(graph.value(node.inputs[i]).data.data<float>()[0]); };
  const double y_scale = rounds ? one(kYScale) : 1.0;
  const auto y_zero = static_cast<float>(rounds ? zero_of(graph, node, kYZero) : 0);
  Tensor scale(DType::f32, {channels}), bias(DType::f32, {channels});
  for (int64_t o = 0; o < channels; ++o) {
    const auto at = static_cast<size_t>(o);
    const auto w = static_cast<double>(w_scale.data<float>()[w_scale.count() == 1 ? 0 : at]);
    scale.mutable_data<float>()[at] = static_cast<float>(one(kXScale) * w / y_scale);
    const double b =
        node.has_input(kBias) ? static_cast<double>(graph.value(node.inputs[kBias]).data.data<float>()[at]) : 0.0;
    bias.mutable_data<float>()[at] = static_cast<float>(b / y_scale + static_cast<double>(y_zero));
  }
  Node out;
  out.op_type = "QuantizedConvChannelsLast";
  out.domain = "slipway";
  out.op = operators.find(out.op_type, out.domain);
  out.name = node.name;
  out.inputs = {node.inputs[kX], node.inputs[kW], graph.add_constant(graph.fresh_name("scale"), std::move(scale)),
                graph.add_constant(graph.fresh_name("bias"), std::move(bias))};
  out.outputs = node.outputs;
  for (const auto& [name, value] : node.attributes.items()) {
    if (name != "activation") out.attributes.set(name, value);
  }
  out.attributes.set("dtype", static_cast<int64_t>(y));
  out.attributes.set("x_zero", int64_t{zero_of(graph, node, kXZero)});
  if (node.text("activation") == "Relu") out.attributes.set("low", y_zero);
  return out;
}

}  // namespace slipway::rewrite
