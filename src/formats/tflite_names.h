// Operators that TFLite and ONNX have under different names with the same inputs and meaning: both directions read
// this.
#pragma once

#include <span>
#include <string_view>

namespace slipway {

struct TfliteName {
  std::string_view tflite;  // BuiltinOperator
  const char* onnx;
};

// Element-wise operators without options but a fused activation, and LOG_SOFTMAX (last axis).
std::span<const TfliteName> tflite_names();

}  // namespace slipway
