// Writes a graph in the format of a file's extension, lowered to what that format can say.
#pragma once

#include <filesystem>

#include "formats/format.h"

namespace slipway {

// ".tflite" lowers first (convert/tflite_lowering.h); anything else is write_model(). Errors begin with the path.
Status write_converted(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options = {});

}  // namespace slipway
