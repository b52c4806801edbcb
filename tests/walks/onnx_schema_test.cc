// Every card of an ONNX operator against ONNX's own schema: defaults of attributes, required ones, arity.
#include <algorithm>

#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include "sample_case.h"

namespace slipway {
namespace {

constexpr int kNewestSchema = 17;  // of libonnx 1.12

using Kind = AttributeDefault::Kind;

// The schema of the card's operator; nullptr when ONNX 1.12 has none.
const onnx::OpSchema* schema_of(const Operator& card) {
  std::string domain = card.domain;
  if (domain == "slipway") return nullptr;
  return onnx::OpSchemaRegistry::Schema(card.name, domain.empty() ? kNewestSchema : 1, domain);
}

std::string spelled(const onnx::OpSchema::Attribute& attribute) {
  const onnx::AttributeProto& value = attribute.default_value;
  if (value.type() == onnx::AttributeProto::INT) return std::to_string(value.i());
  if (value.type() == onnx::AttributeProto::FLOAT) return std::to_string(value.f());
  if (value.type() == onnx::AttributeProto::STRING) return value.s();
  return "optional";
}

std::string spelled(const AttributeDefault& otherwise) {
  switch (otherwise.kind) {
    case Kind::integer: return std::to_string(otherwise.integer);
    case Kind::real: return std::to_string(otherwise.real);
    case Kind::text: return otherwise.text;
    default: return is_required(otherwise.kind) ? "required" : "optional";
  }
}

// Renamed after the newest schema here: GridSample's "bilinear" is "linear" since opset 20.
bool changed_since(const Operator& card, const AttributeSpec& spec) {
  return std::string_view(card.name) == "GridSample" && std::string_view(spec.name) == "mode";
}

TEST(OnnxSchema, CardsHaveItsDefaults) {
  for (const Operator* card : all_operators().all()) {
    const onnx::OpSchema* schema = schema_of(*card);
    if (schema == nullptr) continue;
    for (const AttributeSpec& spec : card->attributes) {
      if (spec.name == nullptr || changed_since(*card, spec)) continue;
      auto it = schema->attributes().find(spec.name);
      if (it == schema->attributes().end() || it->second.required) continue;  // newer, or checked by the card
      EXPECT_EQ(spelled(spec.otherwise), spelled(it->second)) << card->name << " " << spec.name;
    }
  }
}

TEST(OnnxSchema, AMissingRequiredAttributeIsAnError) {
  walks::for_each_case([](const walks::Case& c) {
    const onnx::OpSchema* schema = schema_of(*c.card);
    if (schema == nullptr) return;
    for (const auto& [name, value] : c.sample->attributes.items()) {
      auto it = schema->attributes().find(name);
      if (it == schema->attributes().end() || !it->second.required) continue;
      Node node = c.node;
      node.attributes.erase(name);
      EXPECT_FALSE(verify_node(node).ok() && ops::infer_output_types(node, c.inputs).ok()) << name;
    }
  });
}

TEST(OnnxSchema, CardsTakeItsArity) {
  for (const Operator* card : all_operators().all()) {
    const onnx::OpSchema* schema = schema_of(*card);
    if (schema == nullptr || *card->domain != '\0') continue;  // preview schemas understate theirs
    EXPECT_LE(card->inputs.min, schema->min_input()) << card->name;
    EXPECT_GE(card->inputs.max, std::min(schema->max_input(), kMany)) << card->name;
    EXPECT_LE(card->outputs.min, schema->min_output()) << card->name;
    EXPECT_GE(card->outputs.max, std::min(schema->max_output(), kMany)) << card->name;
  }
}

}  // namespace
}  // namespace slipway
