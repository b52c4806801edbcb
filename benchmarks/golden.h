// The models that benchmarks run: where real ones are, whether their batch is free, and the inputs of the data sets
// beside them (ONNX backend test data).
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "beside.h"
#include "formats/tensor_pb.h"
#include "runtime/session.h"
#include "tensor/tensor.h"

namespace slipway {

// $SLIPWAY_MODELS, else ../shared/models.
inline std::filesystem::path models_root() {
  const char* environment = std::getenv("SLIPWAY_MODELS");
  return environment != nullptr ? environment : "../shared/models";
}

// Every input's first size is for the caller to choose.
inline bool batch_is_free(const Session& session) {
  return std::all_of(session.inputs().begin(), session.inputs().end(),
                     [](const Port& port) { return !port.dims.empty() && !port.dims[0].known(); });
}

// Of each test_data_set_* in `folder`, the first `inputs` input_*.pb; none where there are no data sets.
inline std::vector<std::vector<Tensor>> golden_inputs(const std::filesystem::path& folder, size_t inputs) {
  std::vector<std::vector<Tensor>> samples;
  std::error_code missing;
  for (const auto& set : std::filesystem::directory_iterator(folder, missing)) {
    if (!set.path().filename().string().starts_with("test_data_set_")) continue;
    std::vector<Tensor> sample;
    for (size_t i = 0; i < inputs; ++i) {
      sample.push_back(must(read_tensor_pb(must(read_file(set.path() / fmt::format("input_{}.pb", i))))));
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace slipway
