// Format: the card of a model file format; src/formats/<id>.cc opens it. And the two calls that pick a card by file.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway {

struct WriteOptions {
  // Of ONNX's default domain, 9 to 24; 0: 17, which every runtime reads, or the first newer one that has all that the
  // model holds.
  int opset = 0;
  // Weights go to "<file>.data" beside the model: always, or by themselves when the model is over 1.5 GB
  // (a protobuf message ends at 2 GB).
  bool external_data = false;
};

struct Format {
  const char* name;                                 // "onnx"
  const char* doc = "";                             // one sentence
  std::array<const char*, 4> extensions = {};       // ".onnx"
  bool (*sniff)(std::string_view bytes) = nullptr;  // the bytes look like this format
  // `folder` is where files that the bytes refer to are; empty: there is none, and such a reference is an error.
  Result<Graph> (*read)(std::string_view bytes, const std::filesystem::path& folder) = nullptr;
  // Replaces the file atomically. unimplemented names the node that the format cannot say, and why. nullptr: read only.
  Status (*write)(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options) = nullptr;
};

// Every format, by name. Frozen, thread-safe.
const std::vector<const Format*>& all_formats();

// The format with this name or extension ("onnx", ".onnx"); nullptr when there is none.
const Format* find_format(std::string_view name_or_extension);

// Reads a model file: by its extension, or by its content when the extension is of no format.
// Errors begin with the path. The graph holds canonical semantics (graph/graph.h) and the types that are declared or
// can be inferred; nodes without a card have op == nullptr.
Result<Graph> read_model(const std::filesystem::path& path);

// What write_model will say of the path alone (its extension, whether its folder takes files); to be asked before hours
// are spent on the model.
Status check_model_path(const std::filesystem::path& path);

// Writes a model file in the format of its extension. Errors begin with the path.
Status write_model(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options = {});

}  // namespace slipway

// Opens the card of src/formats/<id>.cc: FORMAT(onnx) = {.name = "onnx", …};
#define FORMAT(id)                            \
  extern const ::slipway::Format format_##id; \
  const ::slipway::Format format_##id
