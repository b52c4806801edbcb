// Activations become part of the convolution or matrix product before them, as a post-op of its primitive.
//
// oneDNN's max and min turn NaN into their bound. Convolutions are watched for that (kernels/cpu/watched.h), which
// costs a second run where NaN comes up: only fixed, finite weights, so that a model with broken ones is not slow for
// ever. Matrix products, whose activations are cheap beside them, take none that hides NaN.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "ops/contraction.h"
#include "rewrite/rewrite.h"

namespace slipway {
namespace {

struct Activation {
  std::string name;
  float alpha = 0, beta = 0;
  bool hides_nan = false;
};

class Fuse {
 public:
  explicit Fuse(Graph& graph)
      : graph_(graph), fixed_(graph), producers_(graph.producers()), uses_(graph.use_counts()) {}

  int run() {
    int changes = 0;
    for (Node& node : graph_.nodes()) {
      if (node.op == nullptr || !node.domain.empty()) continue;
      ValueId x = source(node);
      std::optional<Activation> activation = x.valid() ? activation_of(node) : std::nullopt;
      Node* product = activation ? product_before(x, *activation, node.op_type == "Mul" ? 2 : 1) : nullptr;
      if (product == nullptr) continue;
      product->attributes.set("activation", activation->name);
      product->attributes.set("activation_alpha", activation->alpha);
      product->attributes.set("activation_beta", activation->beta);
      product->outputs[0] = node.outputs[0];
      node.outputs.assign(1, {});
      ++changes;
    }
    return changes;
  }

 private:
  // What the activation `node` is of: x of x Sigmoid(x), else its first input.
  ValueId source(const Node& node) const {
    if (node.op_type != "Mul") return node.inputs.empty() ? ValueId() : node.inputs[0];
    for (size_t i = 0; i < 2; ++i) {
      NodeId gate = producers_[static_cast<size_t>(node.inputs[i].index)];
      if (!gate.valid() || uses_[static_cast<size_t>(node.inputs[i].index)] != 1) continue;
      const Node& sigmoid = graph_.node(gate);
      if (sigmoid.op_type == "Sigmoid" && sigmoid.domain.empty() && sigmoid.inputs[0] == node.inputs[1 - i]) {
        return node.inputs[1 - i];
      }
    }
    return {};
  }

  std::optional<Activation> activation_of(const Node& node) const {
    const std::string& op = node.op_type;
    if (op == "Relu" || op == "HardSwish") return Activation{.name = op, .hides_nan = true};
    if (op == "Mul") return Activation{.name = "Swish"};
    if (op == "Sigmoid" || op == "Tanh") return Activation{.name = op, .hides_nan = true};
    if (op == "LeakyRelu" || op == "Elu") return Activation{.name = op, .alpha = node.real("alpha")};
    if (op == "Gelu") return Activation{.name = node.text("approximate") == "tanh" ? "GeluTanh" : "Gelu"};
    if (op != "Clip") return std::nullopt;
    constexpr rewrite::Bounds kEverything = {std::numeric_limits<float>::lowest(), std::numeric_limits<float>::max()};
    std::optional<rewrite::Bounds> bounds = rewrite::clip_bounds(graph_, fixed_, node, kEverything);
    if (!bounds) return std::nullopt;
    return Activation{.name = op, .alpha = bounds->low, .beta = bounds->high, .hides_nan = true};
  }

  bool finite(ValueId id) const {
    if (!fixed_(id) || graph_.value(id).dtype != DType::f32) return false;
    std::span<const float> values = graph_.value(id).data.data<float>();
    return !values.empty() && std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
  }

  // The node that makes `x` for these `readers` alone, when its primitive can take the activation.
  Node* product_before(ValueId x, const Activation& activation, int readers) {
    NodeId n = producers_[static_cast<size_t>(x.index)];
    if (!n.valid() || uses_[static_cast<size_t>(x.index)] != readers || graph_.value(x).dtype != DType::f32) {
      return nullptr;
    }
    Node& node = graph_.node(n);
    if (node.op == nullptr || !node.domain.empty() || !node.outputs[0].valid() || node.outputs[0] != x) return nullptr;
    const bool convolution = node.op_type == "Conv" || node.op_type == "ConvTranspose";
    const bool product = node.op_type == "Gemm" || node.op_type == "MatMul";
    if ((!convolution && !product) || find_attribute(*node.op, "activation") == nullptr) return nullptr;
    if (!node.text("activation").empty() || (product && activation.hides_nan)) return nullptr;
    if (!finite(node.inputs[1]) || (node.has_input(2) && !finite(node.inputs[2]))) return nullptr;
    if (node.op_type == "Gemm" && !plain_gemm(node)) return nullptr;
    return &node;
  }

  // y = A B + row: what the primitive computes without an epilogue.
  bool plain_gemm(const Node& node) const {
    if (node.real("alpha") != 1 || node.real("beta") != 1) return false;
    if (!node.has_input(2)) return true;
    const Shape& w = graph_.value(node.inputs[1]).data.shape();
    const Tensor& c = graph_.value(node.inputs[2]).data;
    int64_t n = w[node.integer("transB") != 0 ? 0 : 1];
    return c.count() == n && !c.shape().empty() && c.shape().back() == n;
  }

  Graph& graph_;
  rewrite::FixedValues fixed_;
  std::vector<NodeId> producers_;
  std::vector<int> uses_;
};

Result<int> apply(Graph& graph, const OperatorSet&) { return Fuse(graph).run(); }

}  // namespace

REWRITE(fuse_activation) = {
    .name = "fuse_activation",
    .doc =
        "an activation behind Conv, ConvTranspose, Gemm or MatMul with fixed weights is computed inside its primitive",
    .order = 80,
    .apply = apply,
    .last = true,
};

}  // namespace slipway
