// The spelling of a preparation in metadata: what its reader, its writer and files share.
#pragma once

#include <string>

#include "base/json.h"
#include "formats/preparation.h"

namespace slipway {

inline constexpr int64_t kPreparationVersion = 1;
inline constexpr const char* kOldPreparationKey = "slipway.preprocessing";

// In memory: {"version", "kind", "task", "classes", "targets", "features", "facts"}, and with a front "tensors" and
// "graph" (ONNX bytes in base64). In a file, where part of the front stands in the model, "begin" beside them:
// {"inputs": what the model in memory takes, {"name", "value", "type", "dims"} each; "renamed": {value: name of a raw
// input}; "tensors": what each output of that part is}, and "graph" is what is left.
Result<Json> preparation_to_json(const Preparation& preparation);
Result<Json> preparation_json(const std::string& text);

Result<Json> front_to_json(const Graph& front);
Result<Graph> front_from_json(const Json& json);

}  // namespace slipway
