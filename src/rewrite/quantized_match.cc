// Matching quantized patterns.
#include "rewrite/quantized_match.h"

#include <algorithm>
#include <cmath>

namespace slipway::rewrite {

Neighbours::Neighbours(const Graph& graph)
    : graph_(graph), producers_(graph.producers()), readers_(graph.value_count()), uses_(graph.use_counts()) {
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    for (ValueId in : graph.nodes()[n].inputs) {
      if (in.valid()) readers_[static_cast<size_t>(in.index)].push_back(n);
    }
  }
}

const Node* Neighbours::producer(ValueId v, std::string_view op_type) const {
  if (!v.valid() || static_cast<size_t>(v.index) >= producers_.size()) return nullptr;
  NodeId id = producers_[static_cast<size_t>(v.index)];
  if (!id.valid()) return nullptr;
  const Node& node = graph_.node(id);
  return node.op_type == op_type && node.domain.empty() ? &node : nullptr;
}

const Node* Neighbours::only_reader(ValueId v, std::string_view op_type) const {
  auto at = static_cast<size_t>(v.index);
  if (at >= readers_.size() || readers_[at].size() != 1 || uses_[at] != 1) return nullptr;
  const Node& node = graph_.nodes()[readers_[at][0]];
  return node.op_type == op_type && node.domain.empty() ? &node : nullptr;
}

std::optional<int64_t> known_count(const Graph& graph, ValueId v) {
  if (!v.valid() || !graph.value(v).dims) return std::nullopt;
  std::optional<Shape> shape = known_shape(*graph.value(v).dims);
  if (!shape) return std::nullopt;
  return element_count(*shape);
}

namespace {

bool all_equal(const Tensor& t, int64_t value) {
  std::vector<int64_t> values = t.to_ints();
  return std::all_of(values.begin(), values.end(), [value](int64_t x) { return x == value; });
}

}  // namespace

float LinearScale::stored(float real) const {
  return std::clamp(std::nearbyint(real / scale) + static_cast<float>(zero), least(), greatest());
}

std::optional<LinearScale> linear_scale(const Graph& graph, const Node& node) {
  const bool quantizes = node.op_type == "QuantizeLinear";
  if (!node.domain.empty() || node.op == nullptr || (!quantizes && node.op_type != "DequantizeLinear")) {
    return std::nullopt;
  }
  LinearScale out;
  out.dtype = graph.value(quantizes ? node.outputs[0] : node.inputs[0]).dtype;
  FixedValues fixed(graph);
  if ((out.dtype != DType::u8 && out.dtype != DType::i8) || node.integer("block_size") != 0) return std::nullopt;
  if (!fixed(node.inputs[1]) || graph.value(node.inputs[1]).dtype != DType::f32) return std::nullopt;
  const Tensor& scale = graph.value(node.inputs[1]).data;
  if (scale.count() != 1) return std::nullopt;
  out.scale = scale.data<float>()[0];
  if (!std::isfinite(out.scale) || out.scale <= 0) return std::nullopt;
  if (!node.has_input(2)) return out;
  if (!fixed(node.inputs[2]) || graph.value(node.inputs[2]).data.count() != 1) return std::nullopt;
  out.zero = static_cast<int32_t>(graph.value(node.inputs[2]).data.to_ints()[0]);
  return out;
}

std::optional<QuantizedValue> dequantized_from(const Graph& graph, const Neighbours& near, ValueId v) {
  const Node* node = near.producer(v, "DequantizeLinear");
  if (node == nullptr || graph.is_constant(node->inputs[0])) return std::nullopt;
  std::optional<LinearScale> scale = linear_scale(graph, *node);
  if (!scale || scale->dtype != DType::u8) return std::nullopt;
  return QuantizedValue{node->inputs[0], *scale};
}

std::optional<ValueId> symmetric_weights(Graph& graph, ValueId w, ValueId zero) {
  FixedValues fixed(graph);
  if (!fixed(w) || (zero.valid() && !fixed(zero))) return std::nullopt;
  const Tensor data = graph.value(w).data;
  if (data.dtype() == DType::i8) {
    if (zero.valid() && !all_equal(graph.value(zero).data, 0)) return std::nullopt;
    return w;
  }
  if (data.dtype() != DType::u8 || !zero.valid() || !all_equal(graph.value(zero).data, 128)) return std::nullopt;
  Tensor shifted(DType::i8, data.shape());
  std::span<const uint8_t> from = data.data<uint8_t>();
  std::transform(from.begin(), from.end(), shifted.mutable_data<int8_t>().begin(),
                 [](uint8_t x) { return static_cast<int8_t>(x ^ 0x80); });
  return graph.add_constant(graph.fresh_name(graph.value(w).name + "_int8"), shifted);
}

bool along_channels(const Graph& graph, ValueId v, int64_t n, size_t from_end) {
  if (!FixedValues(graph)(v)) return false;
  const Tensor& data = graph.value(v).data;
  if (data.dtype() != DType::f32) return false;
  if (data.count() == 1) return true;
  size_t rank = data.shape().size();
  return data.count() == n && rank > from_end && data.shape()[rank - 1 - from_end] == n;
}

void produce_instead(Graph& graph, size_t old, ValueId result, Node node) {
  ValueId unused = graph.add_value(graph.fresh_name(graph.value(result).name + "_unused"), graph.value(result).dtype,
                                   graph.value(result).dims);
  for (ValueId& out : graph.nodes()[old].outputs) {
    if (out == result) out = unused;
  }
  node.outputs = {result};
  graph.add_node(std::move(node));
}

}  // namespace slipway::rewrite
