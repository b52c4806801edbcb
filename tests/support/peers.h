// Other runtimes, for tests that compare our answers with theirs (tools/peers).
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

// Each returns the model's outputs in their order; unavailable when Node.js or its packages are not installed (a test
// skips then), internal with the runtime's own words when it refuses the model or the inputs.

// An ONNX file in ONNX Runtime, on one thread.
Result<std::vector<Tensor>> run_in_onnx_runtime(const std::filesystem::path& model,
                                                const std::vector<std::pair<std::string, Tensor>>& inputs);

// A .tflite file in TensorFlow Lite; inputs in the model's order. Inputs with k times the rows of the model's run k
// times.
Result<std::vector<Tensor>> run_in_tflite(const std::filesystem::path& model, const std::vector<Tensor>& inputs);

// Many small models in one process of the runtime: one answer per job, in their order. Inputs of a TensorFlow Lite job
// are in the model's order and of exactly its shapes. unavailable as above; an answer that is no array of outputs is
// internal, with the runtime's own words.
struct PeerJob {
  std::string model;  // the file's bytes
  std::vector<std::pair<std::string, Tensor>> inputs;
};
using PeerAnswers = std::vector<Result<std::vector<Tensor>>>;
Result<PeerAnswers> run_all_in_onnx_runtime(const std::vector<PeerJob>& jobs);
Result<PeerAnswers> run_all_in_tflite(const std::vector<PeerJob>& jobs);

}  // namespace slipway
