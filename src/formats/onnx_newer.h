// What ONNX's opsets brought after those that libonnx 1.12 has schemas of.
#pragma once

#include <string_view>

namespace slipway {

inline constexpr int kNewestOnnxSchema = 17;  // of libonnx 1.12

// The opset of the default domain in which `op` took up `attribute`, where that is over kNewestOnnxSchema; 0 otherwise.
// From ONNX's docs/Changelog.md.
int onnx_attribute_since(std::string_view op, std::string_view attribute);

// The first opset over kNewestOnnxSchema in which `op`, which is older, took other inputs or attributes; 0: none up
// to 24.
int onnx_changed_since(std::string_view op);

}  // namespace slipway
