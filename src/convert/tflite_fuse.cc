// Biases and activations fused into the layer before them.
#include "convert/tflite_passes.h"
#include "formats/tflite_operators.h"

namespace slipway::convert {

namespace {

class Fuse {
 public:
  explicit Fuse(Graph& graph) : graph_(graph) {}

  void run() {
    // Each round looks at the graph afresh; a fused node is gone, so rounds end.
    while (fuse_one()) {
    }
  }

 private:
  bool fuse_one() {
    producers_ = graph_.producers();
    uses_ = graph_.use_counts();
    for (size_t n = 0; n < graph_.nodes().size(); ++n) {
      if (!activation(n) && !bias(n)) continue;
      graph_.nodes().erase(graph_.nodes().begin() + static_cast<std::ptrdiff_t>(n));
      CHECK(graph_.sort().ok(), "fusing made a cycle");
      return true;
    }
    return false;
  }

  // The node that makes `id` for one reader alone.
  Node* only_for(ValueId id) {
    if (!id.valid() || uses_[static_cast<size_t>(id.index)] != 1) return nullptr;
    NodeId n = producers_[static_cast<size_t>(id.index)];
    return n.valid() ? &graph_.node(n) : nullptr;
  }

  static bool is_plain(const Node& node) {
    return !node.has("fused_activation_function") || node.text("fused_activation_function") == "NONE";
  }

  bool activation(size_t n) {
    Node& node = graph_.nodes()[n];
    const TfliteOperator* op = find_tflite_operator(node.op_type);
    if (op == nullptr || !op->is_activation) return false;
    Node* layer = only_for(node.inputs[0]);
    const TfliteOperator* before = layer == nullptr ? nullptr : find_tflite_operator(layer->op_type);
    const bool takes = before != nullptr && before->takes_activation && is_plain(*layer) &&
                       graph_.value(node.outputs[0]).dtype == DType::f32;
    if (!takes) return false;
    layer->attributes.set("fused_activation_function", node.op_type);
    layer->outputs = node.outputs;
    return true;
  }

  // One number per column: [n] itself, so that no new constant is needed.
  bool is_vector(ValueId id, const Node& layer) const {
    const auto& dims = graph_.value(id).dims;
    const auto& weights = graph_.value(layer.inputs[1]).dims;
    bool constant = graph_.is_constant(id);
    return constant && dims && dims->size() == 1 && weights && (*dims)[0].same((*weights)[0]);
  }

  bool bias(size_t n) {
    Node& node = graph_.nodes()[n];
    if (node.op_type != "ADD") return false;
    for (size_t i = 0; i < 2; ++i) {
      Node* layer = only_for(node.inputs[i]);
      bool takes =
          layer != nullptr && layer->op_type == "FULLY_CONNECTED" && layer->inputs.size() == 2 && is_plain(*layer);
      if (!takes || !is_vector(node.inputs[1 - i], *layer)) continue;
      layer->inputs.push_back(node.inputs[1 - i]);
      layer->outputs = node.outputs;
      if (!is_plain(node)) layer->attributes.set("fused_activation_function", node.text("fused_activation_function"));
      return true;
    }
    return false;
  }

  Graph& graph_;
  std::vector<NodeId> producers_;
  std::vector<int> uses_;
};

}  // namespace

void fuse_activations(TfliteModel& model) { Fuse(model.graph).run(); }

}  // namespace slipway::convert
