// Writes a graph in the format of a file's extension, lowered to what that format can say.
#pragma once

#include <filesystem>

#include "formats/format.h"

namespace slipway {

// By the target of the path (convert/target.h). Errors begin with the path.
Status write_converted(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options = {});

}  // namespace slipway
