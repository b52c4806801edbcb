// Sequences as images.
#include "convert/lift_to_images.h"

#include <algorithm>

#include "convert/weights.h"
#include "ops/all.h"

namespace slipway::convert {

namespace {

class Lift {
 public:
  explicit Lift(Graph& graph) : graph_(graph), producers_(graph.producers()) {}

  int run() {
    source_ = std::move(graph_.nodes());
    graph_.nodes().clear();
    int lifted = 0;
    for (const Node& node : source_) {
      if (over_sequence(node) && lift(node)) {
        ++lifted;
      } else {
        graph_.add_node(node);
      }
    }
    return lifted;
  }

 private:
  bool over_sequence(const Node& node) const {
    bool window = node.op_type == "Conv" || node.op_type == "MaxPool" || node.op_type == "AveragePool";
    if (!window || !node.domain.empty() || node.outputs.size() != 1) return false;
    const auto& x = graph_.value(node.inputs[0]).dims;
    return x && x->size() == 3 && graph_.value(node.outputs[0]).dims;
  }

  // [a] as [before, a]; [a, b] (begin and end) as [before, a, before, b].
  static void widen(Node& node, const char* name, int64_t before) {
    if (!node.has(name)) return;
    std::vector<int64_t> values = node.ints(name);
    std::vector<int64_t> wide;
    for (int64_t v : values) wide.insert(wide.end(), {before, v});
    node.attributes.set(name, wide);
  }

  ValueId image_of(ValueId sequence, std::string_view suffix) {
    const Value value = graph_.value(sequence);
    Dims dims = *value.dims;
    dims.insert(dims.begin() + 2, Dim(1));
    return graph_.add_value(graph_.fresh_name(value.name + std::string(suffix)), value.dtype, std::move(dims));
  }

  void reshape(const char* op_type, ValueId from, ValueId to) {
    Node node;
    node.op_type = op_type;
    node.op = all_operators().find(op_type);
    node.name = graph_.value(to).name;
    node.inputs = {from, graph_.add_constant(graph_.fresh_name("axes"), Tensor::of<int64_t>({1}, {2}))};
    node.outputs = {to};
    graph_.add_node(std::move(node));
  }

  bool lift(const Node& node) {
    Node wide = node;
    if (node.op_type == "Conv") {
      std::optional<Weight> filter = weight_of(graph_, source_, producers_, node.inputs[1]);
      if (!filter || filter->data.rank() != 3) return false;
      const Shape& shape = filter->data.shape();
      filter->data = filter->data.reshaped({shape[0], shape[1], 1, shape[2]});
      wide.inputs[1] = add_weight(graph_, *filter);
    }
    for (const char* name : {"kernel_shape", "strides", "dilations"}) widen(wide, name, 1);
    widen(wide, "pads", 0);
    ValueId x = image_of(node.inputs[0], "_image");
    ValueId y = image_of(node.outputs[0], "_image");
    reshape("Unsqueeze", node.inputs[0], x);
    wide.inputs[0] = x;
    wide.outputs[0] = y;
    graph_.add_node(std::move(wide));
    reshape("Squeeze", y, node.outputs[0]);
    return true;
  }

  Graph& graph_;
  std::vector<NodeId> producers_;
  std::vector<Node> source_;
};

}  // namespace

int lift_to_images(Graph& graph) { return Lift(graph).run(); }

}  // namespace slipway::convert
