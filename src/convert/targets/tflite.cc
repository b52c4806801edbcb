// The target of phones and small devices; what it cannot say is refused by convert/tflite_lowering.h.
#include "base/file.h"
#include "convert/target.h"
#include "convert/tflite_lowering.h"
#include "formats/tflite_runtime.h"

namespace slipway {

namespace {

Status write(const Graph& graph, const std::filesystem::path& path, const WriteOptions&) {
  Result<TfliteModel> lowered = lower_to_tflite(graph);
  if (!lowered.ok()) return lowered.status().at(path.string());
  Result<std::string> bytes = write_tflite(*lowered);
  if (!bytes.ok()) return bytes.status().at(path.string());
  return write_file_atomic(path, *bytes);
}

}  // namespace

TARGET(tflite) = {
    .name = "tflite",
    .doc = "TensorFlow Lite: lowered to its operators, images [N, H, W, C], quantized parts in int8.",
    .keeps_preparation = false,
    .write = write,
    .judge = judge_tflite,
};

}  // namespace slipway
