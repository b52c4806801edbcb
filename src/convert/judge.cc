// By the file's extension.
#include "convert/judge.h"

#include "base/file.h"
#include "formats/onnx_check.h"
#include "formats/tflite_runtime.h"

namespace slipway {

Result<std::string> judge_file(const std::filesystem::path& path) {
  std::string bytes = TRY(read_file(path));
  Result<std::string> judge = path.extension() == ".tflite" ? judge_tflite(bytes) : judge_onnx(bytes);
  if (!judge.ok()) return judge.status().at(path.string());
  return judge;
}

}  // namespace slipway
