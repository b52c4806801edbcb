// Dynamically quantized products as products of float activations with dequantized weights.
//
// The form (as ONNX Runtime's dynamic quantization writes it):
//   xq, xs, xz = DynamicQuantizeLinear(x)
//   y = Cast(MatMulInteger(xq, wq, xz, wz)) * (xs * ws)
// which stands for x · (ws * (wq - wz)) but for the rounding of x.
#include <algorithm>

#include "convert/tflite_layout.h"
#include "convert/weights.h"
#include "ops/all.h"

namespace slipway::convert {

namespace {

class Undo {
 public:
  explicit Undo(Graph& graph) : graph_(graph), producers_(graph.producers()) {}

  int run() {
    int found = 0;
    const std::vector<Node> nodes = std::move(graph_.nodes());
    graph_.nodes().clear();
    for (const Node& node : nodes) {
      const Node* product = node.op_type == "Mul" ? integer_product(nodes, node) : nullptr;
      if (product != nullptr && replace(nodes, node, *product)) {
        ++found;
      } else {
        graph_.add_node(node);
      }
    }
    if (found > 0) graph_.remove_dead_nodes();
    return found;
  }

 private:
  const Node* producer(const std::vector<Node>& nodes, ValueId id) const {
    NodeId n = id.valid() && static_cast<size_t>(id.index) < producers_.size()
                   ? producers_[static_cast<size_t>(id.index)]
                   : NodeId{};
    return n.valid() ? &nodes[static_cast<size_t>(n.index)] : nullptr;
  }

  // The MatMulInteger or ConvInteger behind the Cast that `mul` scales.
  const Node* integer_product(const std::vector<Node>& nodes, const Node& mul) const {
    for (ValueId in : mul.inputs) {
      const Node* cast = producer(nodes, in);
      if (cast == nullptr || cast->op_type != "Cast") continue;
      const Node* product = producer(nodes, cast->inputs[0]);
      if (product != nullptr && (product->op_type == "MatMulInteger" || product->op_type == "ConvInteger")) {
        return product;
      }
    }
    return nullptr;
  }

  // The constant weight scale in xs * ws, looking for the factor that is no output of `quantize`.
  const Tensor* weight_scale(const std::vector<Node>& nodes, const Node& mul, const Node& quantize) const {
    for (ValueId in : mul.inputs) {
      const Node* scales = producer(nodes, in);
      if (scales == nullptr || scales->op_type != "Mul") continue;
      for (size_t i = 0; i < 2; ++i) {
        bool of_x = scales->inputs[i] == quantize.outputs[1];
        if (of_x && graph_.is_constant(scales->inputs[1 - i])) return &graph_.value(scales->inputs[1 - i]).data;
      }
    }
    return nullptr;
  }

  bool replace(const std::vector<Node>& nodes, const Node& mul, const Node& product) {
    const Node* quantize = producer(nodes, product.inputs[0]);
    if (quantize == nullptr || quantize->op_type != "DynamicQuantizeLinear") return false;
    const Tensor* scale = weight_scale(nodes, mul, *quantize);
    if (scale == nullptr || scale->dtype() != DType::f32 || !graph_.is_constant(product.inputs[1])) return false;
    const Value& stored = graph_.value(product.inputs[1]);
    bool convolution = product.op_type == "ConvInteger";
    Weight weight{stored.name, stored.data, Quantization{}};
    weight.quantization->scale.assign(scale->data<float>().begin(), scale->data<float>().end());
    weight.quantization->axis = convolution ? 0 : stored.data.rank() - 1;
    std::vector<int64_t> zeros(1, 0);
    if (product.has_input(3)) {
      if (!graph_.is_constant(product.inputs[3])) return false;
      zeros = graph_.value(product.inputs[3]).data.to_ints();
    }
    if (zeros.size() == 1) zeros.resize(weight.quantization->scale.size(), zeros[0]);
    if (zeros.size() != weight.quantization->scale.size()) return false;
    weight.quantization->zero_point = std::move(zeros);
    Node real;
    real.op_type = convolution ? "Conv" : "MatMul";
    real.op = all_operators().find(real.op_type);
    real.name = product.name;
    real.inputs = {quantize->inputs[0], add_weight(graph_, weight)};
    real.outputs = mul.outputs;
    real.attributes = product.attributes;
    graph_.add_node(std::move(real));
    return true;
  }

  Graph& graph_;
  std::vector<NodeId> producers_;
};

}  // namespace

Result<int> undo_dynamic_quantization(Graph& graph) {
  int found = Undo(graph).run();
  RETURN_IF_ERROR(verify(graph));
  return found;
}

}  // namespace slipway::convert
