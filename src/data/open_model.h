// Opening a model wherever it lies: a file, or a version in a store.
#pragma once

#include <filesystem>

#include "graph/graph.h"

namespace slipway {

// A model file; a version's folder in a store (STORE/NAME/VERSION), a model's folder there (its version in production),
// or any folder with a model.onnx. Files of a store are checked against their checksums. Errors begin with the path.
Result<Graph> open_model(const std::filesystem::path& path);

}  // namespace slipway
