// Activations spelled in simpler operators become the one operator that they are.
//
//   HardSwish: x clip(x + 3, 0, 6) / 6 in any order of Mul and Div, or x HardSigmoid(x) with slope 1/6
//   Gelu:      0.5 x (1 + erf(x / sqrt(2))), or 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), in any order of the
//              products
#include <cmath>
#include <optional>

#include "kernels/gelu.h"
#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

bool near_to(double a, double b) { return std::abs(a - b) <= 1e-4 * std::abs(b); }

class Recognize {
 public:
  Recognize(Graph& graph, const OperatorSet& operators)
      : graph_(graph), operators_(operators), fixed_(graph), near_(graph), uses_(graph.use_counts()) {}

  int run() {
    int changes = 0;
    for (Node& node : graph_.nodes()) {
      if (node.op == nullptr || !node.domain.empty() || (node.op_type != "Mul" && node.op_type != "Div")) continue;
      if (graph_.value(node.outputs[0]).dtype != DType::f32) continue;
      std::optional<Product> product = factors(node.outputs[0]);
      if (!product) continue;
      if (ValueId x = hard_swish(*product); x.valid()) {
        become(node, "HardSwish", x, {});
      } else if (std::optional<Gelu> found = gelu(*product)) {
        become(node, "Gelu", found->x, found->tanh ? Attributes{{"approximate", std::string("tanh")}} : Attributes());
      } else {
        continue;
      }
      ++changes;
    }
    return changes;
  }

 private:
  // constant * a * b
  struct Product {
    double constant = 1;
    Values factors;
  };

  void become(Node& node, const char* op_type, ValueId x, Attributes attributes) const {
    node.op_type = op_type;
    node.op = operators_.find(op_type);
    node.attributes = std::move(attributes);
    node.inputs = {x};
  }

  std::optional<double> scalar(ValueId id) const { return rewrite::fixed_scalar(graph_, fixed_, id); }

  bool used_once(ValueId id) const { return uses_[static_cast<size_t>(id.index)] == 1; }

  // Takes `id` apart into scalars and what is not one; nodes inside must serve nothing else.
  void split(ValueId id, bool outermost, Product& into) const {
    const Node* mul = near_.producer(id, "Mul");
    const Node* div = near_.producer(id, "Div");
    if (into.factors.size() > 2 || (!outermost && !used_once(id)) || (mul == nullptr && div == nullptr)) {
      into.factors.push_back(id);
      return;
    }
    if (div != nullptr) {
      std::optional<double> by = scalar(div->inputs[1]);
      if (!by || *by == 0) {
        into.factors.push_back(id);
        return;
      }
      into.constant /= *by;
      split(div->inputs[0], false, into);
      return;
    }
    for (ValueId in : mul->inputs) {
      if (std::optional<double> by = scalar(in)) {
        into.constant *= *by;
      } else {
        split(in, false, into);
      }
    }
  }

  std::optional<Product> factors(ValueId id) const {
    Product product;
    split(id, true, product);
    if (product.factors.size() != 2) return std::nullopt;
    return product;
  }

  // x + c with a scalar c: x.
  ValueId minus(ValueId id, double c) const {
    const Node* add = near_.producer(id, "Add");
    if (add == nullptr || !used_once(id)) return {};
    for (size_t i = 0; i < 2; ++i) {
      std::optional<double> value = scalar(add->inputs[i]);
      if (value && near_to(*value, c)) return add->inputs[1 - i];
    }
    return {};
  }

  ValueId hard_swish(const Product& p) const {
    for (size_t i = 0; i < 2; ++i) {
      ValueId x = p.factors[1 - i], gate = p.factors[i];
      if (!used_once(gate)) continue;
      const Node* sigmoid = near_.producer(gate, "HardSigmoid");
      if (sigmoid != nullptr && sigmoid->inputs[0] == x && near_to(p.constant, 1) &&
          near_to(static_cast<double>(sigmoid->real("alpha")), 1.0 / 6) && sigmoid->real("beta") == 0.5f) {
        return x;
      }
      const Node* clip = near_.producer(gate, "Clip");
      if (clip == nullptr || !clip->has_input(1) || !clip->has_input(2) || !near_to(p.constant, 1.0 / 6)) continue;
      if (scalar(clip->inputs[1]) == 0.0 && scalar(clip->inputs[2]) == 6.0 && minus(clip->inputs[0], 3) == x) return x;
    }
    return {};
  }

  // Where `id` is an `op_type` that serves nothing else: what that operator reads, taken apart; else no factors.
  Product inside(ValueId id, std::string_view op_type) const {
    Product product;
    const Node* node = id.valid() && used_once(id) ? near_.producer(id, op_type) : nullptr;
    if (node != nullptr) split(node->inputs[0], false, product);
    return product;
  }

  // 0.044715 x^3, spelled with Pow.
  bool is_cubic(ValueId id, ValueId x) const {
    if (!used_once(id)) return false;
    Product product;
    split(id, false, product);
    if (product.factors.size() != 1 || !near_to(product.constant, kernels::kGeluCubic)) return false;
    const Node* pow = used_once(product.factors[0]) ? near_.producer(product.factors[0], "Pow") : nullptr;
    return pow != nullptr && pow->inputs[0] == x && scalar(pow->inputs[1]) == 3.0;
  }

  // x + 0.044715 x^3
  bool is_gelu_sum(ValueId id, ValueId x) const {
    const Node* sum = used_once(id) ? near_.producer(id, "Add") : nullptr;
    if (sum == nullptr) return false;
    return (sum->inputs[0] == x && is_cubic(sum->inputs[1], x)) || (sum->inputs[1] == x && is_cubic(sum->inputs[0], x));
  }

  // 0.5 x (1 + gate): x, and whether the gate is the approximation by tanh.
  struct Gelu {
    ValueId x;
    bool tanh;
  };
  std::optional<Gelu> gelu(const Product& p) const {
    for (size_t i = 0; i < 2 && near_to(p.constant, 0.5); ++i) {
      ValueId x = p.factors[1 - i], gate = minus(p.factors[i], 1);
      Product erf = inside(gate, "Erf"), tanh = inside(gate, "Tanh");
      if (erf.factors == Values{x} && near_to(erf.constant, kernels::kInvSqrt2)) return Gelu{x, false};
      if (tanh.factors.size() != 1 || !near_to(tanh.constant, kernels::kSqrt2OverPi)) continue;
      if (is_gelu_sum(tanh.factors[0], x)) return Gelu{x, true};
    }
    return std::nullopt;
  }

  Graph& graph_;
  const OperatorSet& operators_;
  rewrite::FixedValues fixed_;
  rewrite::Neighbours near_;
  std::vector<int> uses_;
};

Result<int> apply(Graph& graph, const OperatorSet& operators) { return Recognize(graph, operators).run(); }

}  // namespace

REWRITE(recognize_activations) = {
    .name = "recognize_activations",
    .doc =
        "x clip(x + 3, 0, 6) / 6 becomes HardSwish, 0.5 x (1 + erf(x / sqrt(2))) and its tanh approximation become "
        "Gelu",
    .order = 30,
    .apply = apply,
};

}  // namespace slipway
