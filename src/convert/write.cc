// Writing with lowering.
#include "convert/write.h"

#include "base/file.h"
#include "convert/tflite_lowering.h"

namespace slipway {

Status write_converted(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options) {
  if (find_format(path.extension().string()) == nullptr) {
    return invalid(path.string() + ": no model format is written under this extension; expected .onnx or .tflite");
  }
  if (path.extension() != ".tflite") return write_model(graph, path, options);
  Result<TfliteModel> lowered = lower_to_tflite(graph);
  if (!lowered.ok()) return lowered.status().at(path.string());
  Result<std::string> bytes = write_tflite(*lowered);
  if (!bytes.ok()) return bytes.status().at(path.string());
  return write_file_atomic(path, *bytes);
}

}  // namespace slipway
