// Peers run as processes: inputs and outputs travel as .npy files in a temporary folder.
#include "support/peers.h"

#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <sstream>

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

Status check_installed(const char* package) {
  if (std::filesystem::exists(kPeers / "node_modules" / package) && shell("command -v node").ok) return {};
  return unavailable(fmt::format("{} is not installed; tools/install_dependencies peers installs it", package));
}

// Writes an input, strings as JSON; returns the file.
Result<std::string> write_input(const std::string& stem, const Tensor& tensor) {
  if (tensor.dtype() != DType::string) {
    RETURN_IF_ERROR(save_npy(stem + ".npy", tensor));
    return stem + ".npy";
  }
  Json json = Json::object(
      {{"shape", Json::array_of(tensor.shape())}, {"strings", Json::array_of(tensor.data<std::string>())}});
  RETURN_IF_ERROR(write_file_atomic(stem + ".json", json.dump()));
  return stem + ".json";
}

// Writes the models and inputs of all jobs into `folder`; returns what run_all.mjs reads.
Result<Json> written(const std::vector<PeerJob>& jobs, const std::filesystem::path& folder) {
  Json list = Json::array();
  for (size_t n = 0; n < jobs.size(); ++n) {
    std::string prefix = (folder / std::to_string(n)).string();
    RETURN_IF_ERROR(write_file_atomic(prefix + ".model", jobs[n].model));
    Json inputs = Json::array();
    for (size_t i = 0; i < jobs[n].inputs.size(); ++i) {
      std::string file = TRY(write_input(fmt::format("{}.in.{}", prefix, i), jobs[n].inputs[i].second));
      inputs.push(Json::object({{"name", jobs[n].inputs[i].first}, {"file", file}}));
    }
    list.push(Json::object({{"model", prefix + ".model"}, {"out", prefix}, {"inputs", std::move(inputs)}}));
  }
  return list;
}

Result<std::vector<Tensor>> answer_of(const Json& answer) {
  if (answer.is_string()) return internal(answer.as_string());
  std::vector<Tensor> outputs;
  for (const Json& file : answer.items()) outputs.push_back(TRY(load_npy(file.as_string())));
  return outputs;
}

Result<PeerAnswers> run_all(const char* runtime, const char* package, const std::vector<PeerJob>& jobs) {
  RETURN_IF_ERROR(check_installed(package));
  TemporaryDirectory folder;
  std::filesystem::path file = folder.path() / "jobs.json";
  Json list = TRY(written(jobs, folder.path()));
  RETURN_IF_ERROR(write_file_atomic(file, list.dump()));
  PeerAnswers out;
  while (out.size() < jobs.size()) {
    Outcome outcome = shell(fmt::format("timeout 600 node '{}' {} '{}' {} 2>'{}'", (kPeers / "run_all.mjs").string(),
                                        runtime, file.string(), out.size(), (folder.path() / "stderr").string()));
    Result<std::string> lines = read_file(file.string() + ".answers");
    std::istringstream stream(lines.ok() ? *lines : "");
    size_t n = 0;
    for (std::string line; std::getline(stream, line); ++n) {
      if (n < out.size()) continue;
      Json answer = TRY(Json::parse(line));
      out.push_back(answer_of(answer));
    }
    if (outcome.ok || out.size() == jobs.size()) break;
    // It ended in the middle of a job, which is that job's answer.
    out.push_back(internal(fmt::format("{} crashed", runtime)));
    std::ofstream(file.string() + ".answers", std::ios::app) << "\"crashed\"\n";
  }
  if (out.size() != jobs.size()) return internal(fmt::format("{} answers to {} jobs", out.size(), jobs.size()));
  return out;
}

// `words` are the script's arguments after the folder for outputs.
Result<std::vector<Tensor>> run_script(const char* script, const char* package, const std::filesystem::path& model,
                                       const std::filesystem::path& folder, const std::string& words) {
  RETURN_IF_ERROR(check_installed(package));
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
    std::string stem = (folder.path() / fmt::format("input_{}", i)).string();
    std::string file = TRY(write_input(stem, inputs[i].second));
    words += fmt::format(" '{}={}'", inputs[i].first, file);
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

Result<PeerAnswers> run_all_in_onnx_runtime(const std::vector<PeerJob>& jobs) {
  return run_all("onnxruntime", "onnxruntime-node", jobs);
}

Result<PeerAnswers> run_all_in_tflite(const std::vector<PeerJob>& jobs) {
  return run_all("tflite", "@tensorflow/tfjs-tflite", jobs);
}

}  // namespace slipway
