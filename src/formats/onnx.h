// ONNX bytes and graphs (onnx.proto, IR version 3 to 13; opsets as formats/onnx_opsets.h says).
//
// Reading brings nodes to the canonical opset (formats/onnx_upgrade.h) and inlines functions. A Constant node becomes a
// constant; an initializer that is listed as an input as well stays a constant. What a subgraph (If, Loop, Scan) reads
// from outside becomes inputs of it, as graph/graph.h says of Graph::captures; a constant from outside becomes the same
// constant inside.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"
#include "formats/format.h"
#include "graph/graph.h"

namespace slipway {

// `folder` holds external data; empty: external data is an error. data_loss: no ONNX model or a damaged one;
// invalid_argument: a model that contradicts itself; unimplemented: what Slipway has no form for.
Result<Graph> read_onnx(std::string_view bytes, const std::filesystem::path& folder = {});

// The bytes of a model file, with every weight inside. options.external_data is ignored.
Result<std::string> write_onnx(const Graph& graph, const WriteOptions& options = {});

// A model file, with external data when asked or needed.
Status write_onnx_file(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options);

}  // namespace slipway
