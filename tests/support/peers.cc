// Peers run as processes: inputs and outputs travel as .npy files in a temporary folder.
#include "support/peers.h"

#include <sys/wait.h>

#include <cstdio>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "support/places.h"
#include "tensor/npy.h"

namespace slipway {

namespace {

const std::filesystem::path kPeers = source_folder() / "tools/peers";

struct Outcome {
  bool ok;
  std::string out;
};

Outcome shell(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {false, "popen failed"};
  std::string out;
  for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  int state = pclose(pipe);
  return {WIFEXITED(state) && WEXITSTATUS(state) == 0, out};
}

// `words` are the script's arguments after the folder for outputs.
Result<std::vector<Tensor>> run_script(const char* script, const char* package, const std::filesystem::path& model,
                                       const std::filesystem::path& folder, const std::string& words) {
  if (!std::filesystem::exists(kPeers / "node_modules" / package) || !shell("command -v node").ok) {
    return unavailable(fmt::format("{} is not installed; tools/install_dependencies peers installs it", package));
  }
  Outcome outcome = shell(fmt::format("node '{}' '{}' '{}'{} 2>'{}'", (kPeers / script).string(), model.string(),
                                      folder.string(), words, (folder / "stderr").string()));
  if (!outcome.ok) {
    Result<std::string> why = read_file(folder / "stderr");
    return internal(fmt::format("{} {}: {}{}", script, model.string(), outcome.out, why.ok() ? *why : ""));
  }
  Json report = TRY(Json::parse(outcome.out));
  std::vector<Tensor> outputs;
  for (const Json& output : report.items()) outputs.push_back(TRY(load_npy(output["file"].as_string())));
  return outputs;
}

}  // namespace

Result<std::vector<Tensor>> run_in_onnx_runtime(const std::filesystem::path& model,
                                                const std::vector<std::pair<std::string, Tensor>>& inputs) {
  TemporaryDirectory folder;
  std::string words;
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::filesystem::path file = folder.path() / fmt::format("input_{}.npy", i);
    RETURN_IF_ERROR(save_npy(file, inputs[i].second));
    words += fmt::format(" '{}={}'", inputs[i].first, file.string());
  }
  return run_script("ort_run.mjs", "onnxruntime-node", model, folder.path(), words);
}

Result<std::vector<Tensor>> run_in_tflite(const std::filesystem::path& model, const std::vector<Tensor>& inputs) {
  TemporaryDirectory folder;
  std::string words;
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::filesystem::path file = folder.path() / fmt::format("input_{}.npy", i);
    RETURN_IF_ERROR(save_npy(file, inputs[i]));
    words += fmt::format(" '{}'", file.string());
  }
  return run_script("tflite_run.mjs", "@tensorflow/tfjs-tflite", model, folder.path(), words);
}

}  // namespace slipway
