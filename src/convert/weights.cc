// Weights: found, reordered, added.
#include "convert/weights.h"

#include <algorithm>

#include "ops/all.h"
#include "tensor/permute.h"

namespace slipway::convert {

namespace {

Tensor zero_point_tensor(const Quantization& q, DType dtype, const Shape& shape) {
  return Tensor::of<int64_t>(shape, q.zero_point).cast(dtype);
}

}  // namespace

std::optional<Quantization> quantization_of(const Graph& graph, const Node& node) {
  bool constant = node.inputs.size() >= 2 && graph.is_constant(node.inputs[1]) &&
                  (!node.has_input(2) || graph.is_constant(node.inputs[2]));
  bool blocked = node.has("block_size") && node.integer("block_size") != 0;
  if (!constant || blocked) return std::nullopt;
  const Tensor& scale = graph.value(node.inputs[1]).data;
  if (scale.dtype() != DType::f32 || scale.rank() > 1) return std::nullopt;
  Quantization q;
  q.scale.assign(scale.data<float>().begin(), scale.data<float>().end());
  q.zero_point.assign(q.scale.size(), 0);
  if (node.has_input(2)) {
    q.zero_point = graph.value(node.inputs[2]).data.to_ints();
    if (q.zero_point.size() == 1) q.zero_point.resize(q.scale.size(), q.zero_point[0]);
  }
  if (q.scale.empty() || q.zero_point.size() != q.scale.size()) return std::nullopt;
  if (!q.per_tensor()) {
    const Value& x = graph.value(node.inputs[0]);
    q.axis = node.has("axis") ? node.integer("axis") : 1;
    if (q.axis < 0 && x.dims) q.axis += static_cast<int64_t>(x.dims->size());
  }
  return q;
}

std::optional<Weight> weight_of(const Graph& graph, std::span<const Node> nodes, std::span<const NodeId> producers,
                                ValueId id) {
  if (!id.valid()) return std::nullopt;
  const Value& value = graph.value(id);
  if (value.data.defined()) return Weight{value.name, value.data, std::nullopt};
  auto index = static_cast<size_t>(id.index);
  if (index >= producers.size() || !producers[index].valid()) return std::nullopt;
  const Node& node = nodes[static_cast<size_t>(producers[index].index)];
  if (node.op_type != "DequantizeLinear" || !graph.is_constant(node.inputs[0])) return std::nullopt;
  std::optional<Quantization> q = quantization_of(graph, node);
  if (!q) return std::nullopt;
  const Value& stored = graph.value(node.inputs[0]);
  return Weight{stored.name, stored.data, std::move(q)};
}

Weight permuted(const Weight& weight, std::span<const int64_t> permutation) {
  Weight out{weight.name, slipway::permuted(weight.data, permutation), weight.quantization};
  if (out.quantization && !out.quantization->per_tensor()) {
    auto at = std::find(permutation.begin(), permutation.end(), weight.quantization->axis);
    out.quantization->axis = at - permutation.begin();
  }
  return out;
}

ValueId add_weight(Graph& graph, const Weight& weight) {
  ValueId stored = graph.add_constant(graph.fresh_name(weight.name), weight.data);
  if (!weight.quantization) return stored;
  const Quantization& q = *weight.quantization;
  Shape shape = q.per_tensor() ? Shape{} : Shape{static_cast<int64_t>(q.scale.size())};
  Node node;
  node.op_type = "DequantizeLinear";
  node.op = all_operators().find(node.op_type);
  node.inputs = {stored,
                 graph.add_constant(graph.fresh_name(weight.name + "_scale"), Tensor::of<float>(shape, q.scale)),
                 graph.add_constant(graph.fresh_name(weight.name + "_zero_point"),
                                    zero_point_tensor(q, weight.data.dtype(), shape))};
  node.outputs = {graph.add_value(graph.fresh_name(weight.name + "_real"), DType::f32, to_dims(weight.data.shape()))};
  node.name = graph.value(node.outputs[0]).name;
  if (!q.per_tensor()) node.attributes.set("axis", q.axis);
  ValueId real = node.outputs[0];
  graph.add_node(std::move(node));
  return real;
}

}  // namespace slipway::convert
