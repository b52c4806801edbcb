// Every card of an ONNX operator against ONNX's own schema: attributes, their defaults, arity.
#include <cmath>

#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include "ops/all.h"

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
  if (attribute.required) return "required";
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

TEST(OnnxSchema, CardsHaveItsDefaults) {
  for (const Operator* card : all_operators().all()) {
    const onnx::OpSchema* schema = schema_of(*card);
    if (schema == nullptr) continue;
    for (const AttributeSpec& spec : card->attributes) {
      if (spec.name == nullptr) continue;
      auto it = schema->attributes().find(spec.name);
      if (it == schema->attributes().end()) continue;  // came with a later opset
      EXPECT_EQ(spelled(spec.otherwise), spelled(it->second)) << card->name << " " << spec.name;
    }
  }
}

TEST(OnnxSchema, CardsTakeItsArity) {
  for (const Operator* card : all_operators().all()) {
    const onnx::OpSchema* schema = schema_of(*card);
    if (schema == nullptr) continue;
    EXPECT_LE(card->inputs.min, schema->min_input()) << card->name;
    EXPECT_GE(card->inputs.max, std::min(schema->max_input(), kMany)) << card->name;
    EXPECT_LE(card->outputs.min, schema->min_output()) << card->name;
    EXPECT_GE(card->outputs.max, std::min(schema->max_output(), kMany)) << card->name;
  }
}

}  // namespace
}  // namespace slipway
