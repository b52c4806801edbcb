// Target: the card of one form that a model is converted to; src/convert/targets/<name>.cc holds everything about it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/cards.h"
#include "formats/format.h"

namespace slipway {

struct Target {
  const char* name;  // of its format (formats/format.h), which says the extensions
  const char* doc;   // one sentence
  // Whether the file has room for how raw data is prepared and what the answers are called.
  bool keeps_preparation = true;
  // Replaces the file atomically with the graph, lowered to what the target can say; unimplemented names what it
  // cannot, and why. Errors begin with the path.
  Status (*write)(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options);
  // As judge_file(), of a file's bytes.
  Result<std::string> (*judge)(std::string_view bytes);
};

// Every target. Frozen, thread-safe.
const Cards<Target>& all_targets();

// The target of a file with this name, by its extension; the error lists the extensions.
Result<const Target*> target_of(const std::filesystem::path& path);

}  // namespace slipway

// Opens the card of src/convert/targets/<id>.cc: TARGET(tflite) = {.name = "tflite", …};
#define TARGET(id)                            \
  extern const ::slipway::Target target_##id; \
  const ::slipway::Target target_##id
