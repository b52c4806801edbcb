// OperatorSet and lookup of attribute specs.
#include "graph/operator.h"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace slipway {

namespace {

auto key(const Operator& op) { return std::make_tuple(std::string_view(op.domain), std::string_view(op.name)); }

}  // namespace

OperatorSet::OperatorSet(std::vector<const Operator*> cards) : cards_(std::move(cards)) {
  std::sort(cards_.begin(), cards_.end(), [](const Operator* a, const Operator* b) { return key(*a) < key(*b); });
}

const Operator* OperatorSet::find(std::string_view name, std::string_view domain) const {
  if (domain == "ai.onnx") domain = "";
  auto wanted = std::make_tuple(domain, name);
  auto it = std::lower_bound(cards_.begin(), cards_.end(), wanted,
                             [](const Operator* op, const auto& k) { return key(*op) < k; });
  return it != cards_.end() && key(**it) == wanted ? *it : nullptr;
}

bool has_bodies(const Operator& op) {
  using Kind = AttributeDefault::Kind;
  return std::any_of(op.attributes.begin(), op.attributes.end(), [](const AttributeSpec& spec) {
    return spec.otherwise.kind == Kind::required_graph || spec.otherwise.kind == Kind::optional_graph;
  });
}

const AttributeSpec* find_attribute(const Operator& op, std::string_view name) {
  for (const AttributeSpec& spec : op.attributes) {
    if (spec.name != nullptr && name == spec.name) return &spec;
  }
  return nullptr;
}

}  // namespace slipway
