// Pieces of graphs that several losses are made of.
#include <fmt/format.h>

#include "train/losses/loss_card.h"

namespace slipway::train {

ValueId LossContext::logits(std::string_view op_type) const {
  const Graph& graph = b.graph();
  NodeId producer = graph.producers()[static_cast<size_t>(output.index)];
  if (!producer.valid() || graph.node(producer).op_type != op_type) return output;
  const Node& node = graph.node(producer);
  if (op_type == "Softmax") {
    int64_t axis = node.integer("axis");
    if (axis != -1 && axis != b.rank(output) - 1) return output;
  }
  return node.inputs[0];
}

ValueId LossContext::per_example(ValueId x) const {
  int64_t rank = b.rank(x);
  if (rank <= 1) return x;
  std::vector<int64_t> axes;
  for (int64_t axis = 1; axis < rank; ++axis) axes.push_back(axis);
  return b.op("ReduceMean", {x, b.ints(axes)}, {{"keepdims", int64_t{0}}});
}

ValueId LossContext::binary_weight(ValueId y) const {
  double zero = loss.class_weight[0], one = loss.class_weight[1];
  return b.add(scaled(y, one - zero), b.scalar(static_cast<float>(zero)));
}

ValueId LossContext::class_weights() const {
  std::vector<float> weights(loss.class_weight.begin(), loss.class_weight.end());
  return b.constant(Tensor::of<float>({static_cast<int64_t>(weights.size())}, weights), "class_weight");
}

Result<int64_t> LossContext::classes_of(ValueId x) const {
  const Dims& dims = b.dims(x);
  if (dims.size() < 2 || !dims.back().known()) {
    return invalid(fmt::format("needs an output [batch, classes]; found {}", to_string(dims)));
  }
  int64_t classes = dims.back().size;
  if (!loss.class_weight.empty() && static_cast<int64_t>(loss.class_weight.size()) != classes) {
    return invalid(fmt::format("class_weight has {} elements and the output {} classes; expected one for each",
                               loss.class_weight.size(), classes));
  }
  return classes;
}

ValueId LossContext::smoothed(ValueId y, double classes) const {
  double s = loss.label_smoothing;
  if (s == 0) return y;
  return b.add(scaled(y, 1 - s), b.scalar(static_cast<float>(s / classes)));
}

ValueId LossContext::binary_hits(ValueId x, ValueId y) const {
  ValueId guess = b.op("Greater", {x, b.scalar(0)}), truth = b.op("Greater", {y, b.scalar(0.5f)});
  return count(b.op("Equal", {guess, truth}));
}

}  // namespace slipway::train
