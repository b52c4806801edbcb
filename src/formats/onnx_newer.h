// What ONNX's opsets brought after those that libonnx 1.12 has schemas of.
#pragma once

#include <string_view>

#include "tensor/dtype.h"

namespace slipway {

inline constexpr int kNewestOnnxSchema = 17;  // of libonnx 1.12

// The opset of the default domain in which `op` took up `attribute`, where that is over kNewestOnnxSchema; 0 otherwise.
// From ONNX's docs/Changelog.md.
int onnx_attribute_since(std::string_view op, std::string_view attribute);

// The first opset over kNewestOnnxSchema in which `op`, which is older, took other inputs or attributes; 0: none up
// to kNewestWrittenOpset.
int onnx_changed_since(std::string_view op);

// The opset over kNewestOnnxSchema in which input 0 of `op`, which is older, took elements of type `dtype`; 0: it is no
// later one, or none is known.
int onnx_type_since(std::string_view op, DType dtype);

}  // namespace slipway
