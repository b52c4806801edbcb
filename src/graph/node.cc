// Node: attributes with the card's defaults behind them.
#include <fmt/format.h>

#include "graph/graph.h"
#include "graph/operator.h"

namespace slipway {

namespace {

using Kind = AttributeDefault::Kind;

// The attribute the node sets, as a T. Requires: of that type (verify() refuses others).
template <typename T>
const T* set_value(const Node& node, std::string_view name) {
  const Attribute* attribute = node.attributes.find(name);
  if (attribute == nullptr) return nullptr;
  const T* value = std::get_if<T>(attribute);
  CHECK(value != nullptr, "attribute of another type passed verification");
  return value;
}

const AttributeDefault& otherwise(const Node& node, std::string_view name) {
  CHECK(node.op != nullptr, "default asked of a node without a card");
  const AttributeSpec* spec = find_attribute(*node.op, name);
  CHECK(spec != nullptr, "the card has no such attribute");
  return spec->otherwise;
}

}  // namespace

int64_t Node::integer(std::string_view name) const {
  if (const auto* value = set_value<int64_t>(*this, name)) return *value;
  const AttributeDefault& spec = otherwise(*this, name);
  CHECK(spec.kind == Kind::integer, "attribute without an integer default");
  return spec.integer;
}

float Node::real(std::string_view name) const {
  if (const auto* value = set_value<float>(*this, name)) return *value;
  const AttributeDefault& spec = otherwise(*this, name);
  CHECK(spec.kind == Kind::real, "attribute without a float default");
  return spec.real;
}

std::string Node::text(std::string_view name) const {
  if (const auto* value = set_value<std::string>(*this, name)) return *value;
  const AttributeDefault& spec = otherwise(*this, name);
  CHECK(spec.kind == Kind::text, "attribute without a string default");
  return spec.text;
}

std::vector<int64_t> Node::ints(std::string_view name) const {
  const auto* value = set_value<std::vector<int64_t>>(*this, name);
  return value != nullptr ? *value : std::vector<int64_t>();
}

std::vector<float> Node::floats(std::string_view name) const {
  const auto* value = set_value<std::vector<float>>(*this, name);
  return value != nullptr ? *value : std::vector<float>();
}

std::vector<std::string> Node::strings(std::string_view name) const {
  const auto* value = set_value<std::vector<std::string>>(*this, name);
  return value != nullptr ? *value : std::vector<std::string>();
}

const Tensor& Node::tensor(std::string_view name) const {
  const auto* value = set_value<Tensor>(*this, name);
  CHECK(value != nullptr, "tensor attribute is missing");
  return *value;
}

std::shared_ptr<const Graph> Node::graph(std::string_view name) const {
  const auto* value = set_value<std::shared_ptr<const Graph>>(*this, name);
  return value != nullptr ? *value : nullptr;
}

std::string describe(const Node& node) {
  std::string type = node.domain.empty() ? node.op_type : node.domain + "." + node.op_type;
  if (!node.name.empty()) return fmt::format("{} node \"{}\"", type, node.name);
  return fmt::format("{} node (unnamed)", type);
}

}  // namespace slipway
