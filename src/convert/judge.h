// A written model judged by others than the reader here.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"

namespace slipway {

// ".onnx": ONNX's own checker and shape inference (formats/onnx_check.h); ".tflite": the table of what TensorFlow Lite
// registers (formats/tflite_runtime.h). Returns who judged, for people; an error says what they have against the file.
Result<std::string> judge_file(const std::filesystem::path& path);

}  // namespace slipway
