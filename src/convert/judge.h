// A written model judged by others than the reader here.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"

namespace slipway {

// By the target of the path (convert/target.h): ONNX's own checker and shape inference (formats/onnx_check.h), or the
// table of what TensorFlow Lite registers (formats/tflite_runtime.h). Returns who judged, for people; an error says
// what they have against the file.
Result<std::string> judge_file(const std::filesystem::path& path);

}  // namespace slipway
