// Pieces of ONNX protobuf messages as Slipway's types: parsing, types of values, attributes of nodes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "graph/graph.h"

namespace onnx {
class AttributeProto;
class FunctionProto;
class ModelProto;
class NodeProto;
class TypeProto;
class ValueInfoProto;
}  // namespace onnx

namespace slipway {

// data_loss: no model, or a damaged one.
Result<std::unique_ptr<onnx::ModelProto>> parse_onnx_model(std::string_view bytes);

// What a ValueInfoProto declares. A map or sparse tensor has dtype undefined; so has a value without a type.
Result<ValueType> declared_type(const onnx::ValueInfoProto& info);
Result<ValueType> type_from_proto(const onnx::TypeProto& proto);
void type_to_proto(const ValueType& type, onnx::TypeProto& proto);

// Every kind of attribute but graphs. Requires: the attribute refers to no attribute of a function.
Result<Attribute> attribute_from_proto(const onnx::AttributeProto& proto, const std::filesystem::path& folder);
// The kind of value the attribute holds (AttributeProto.AttributeType); files of IR version 1 do not say it.
int attribute_kind(const onnx::AttributeProto& proto);

// An error when ONNX's own definition of the operator at `opset` gives an attribute another type. Operators and
// attributes that ONNX 1.12 does not know pass.
Status check_attribute_types(const onnx::NodeProto& node, int opset);

// The tensor of a Constant node, from whichever attribute carries it.
Result<Tensor> constant_value(const Attributes& attributes);

}  // namespace slipway
