// Options of TFLite operators as attributes of nodes: one list of fields serves both directions.
#pragma once

#include <string_view>

#include "base/status.h"
#include "formats/tflite_schema_generated.h"
#include "graph/graph.h"

namespace slipway {

// The operator of that name; not_found for a name the format does not have.
Result<tflite::BuiltinOperator> builtin_operator(std::string_view name);

// The options object for `node` (domain "tflite"). invalid_argument for an attribute that the options of the operator
// do not have, or a value of another type.
Result<tflite::BuiltinOptionsUnion> encode_options(const Node& node);

// Every field of the options as attributes; defaults where the file leaves options out or has those of another
// operator. data_loss for an enum value outside the format.
Result<Attributes> decode_options(tflite::BuiltinOperator code, const tflite::Operator& op);

// TFLite's number for an element type; unimplemented for one that it does not have.
Result<tflite::TensorType> tflite_type(DType dtype);
// The inverse.
Result<DType> dtype_of_tensor_type(tflite::TensorType type);

}  // namespace slipway
