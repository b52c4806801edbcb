// Activations spelled in simpler operators become the one operator that they are.
//
//   HardSwish: x clip(x + 3, 0, 6) / 6 in any order of Mul and Div, or x HardSigmoid(x) with slope 1/6
//   Gelu:      0.5 x (1 + erf(x / sqrt(2))), or 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), in any order of the
//              products
#include <cmath>
#include <optional>

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
      const char* name = nullptr;
      Attributes attributes;
      ValueId x = hard_swish(*product);
      if (x.valid()) name = "HardSwish";
      if (!x.valid() && (x = gelu(*product)).valid()) name = "Gelu";
      if (!x.valid() && (x = gelu_tanh(*product)).valid()) {
        name = "Gelu";
        attributes.set("approximate", std::string("tanh"));
      }
      if (name == nullptr) continue;
      node.op_type = name;
      node.op = operators_.find(name);
      node.attributes = std::move(attributes);
      node.inputs = {x};
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

  ValueId gelu(const Product& p) const {
    for (size_t i = 0; i < 2 && near_to(p.constant, 0.5); ++i) {
      ValueId x = p.factors[1 - i];
      ValueId erf_value = minus(p.factors[i], 1);
      const Node* erf = erf_value.valid() && used_once(erf_value) ? near_.producer(erf_value, "Erf") : nullptr;
      if (erf == nullptr) continue;
      Product inside;
      split(erf->inputs[0], false, inside);
      if (inside.factors == Values{x} && near_to(inside.constant, std::sqrt(0.5))) return x;
    }
    return {};
  }

  // 0.044715 x^3, spelled with Pow.
  bool is_cubic(ValueId id, ValueId x) const {
    if (!used_once(id)) return false;
    Product product;
    split(id, false, product);
    if (product.factors.size() != 1 || !near_to(product.constant, 0.044715)) return false;
    const Node* pow = used_once(product.factors[0]) ? near_.producer(product.factors[0], "Pow") : nullptr;
    return pow != nullptr && pow->inputs[0] == x && scalar(pow->inputs[1]) == 3.0;
  }

  ValueId gelu_tanh(const Product& p) const {
    for (size_t i = 0; i < 2 && near_to(p.constant, 0.5); ++i) {
      ValueId x = p.factors[1 - i];
      ValueId tanh_value = minus(p.factors[i], 1);
      const Node* tanh = tanh_value.valid() && used_once(tanh_value) ? near_.producer(tanh_value, "Tanh") : nullptr;
      if (tanh == nullptr) continue;
      Product inside;
      split(tanh->inputs[0], false, inside);
      if (inside.factors.size() != 1 || !near_to(inside.constant, 0.79788456)) continue;
      const Node* sum = used_once(inside.factors[0]) ? near_.producer(inside.factors[0], "Add") : nullptr;
      for (size_t k = 0; k < 2 && sum != nullptr; ++k) {
        if (sum->inputs[k] == x && is_cubic(sum->inputs[1 - k], x)) return x;
      }
    }
    return {};
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
