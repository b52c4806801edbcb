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

}  // namespace slipway
