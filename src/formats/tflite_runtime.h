// Whether the TensorFlow Lite runtime takes a node (formats/tflite_operators.h): its version, element types, ranks.
#pragma once

#include <string>
#include <string_view>

#include "formats/tflite.h"

namespace slipway {

// Why the runtime would not load or run `node` of `model`; "" when it would. Requires: domain "tflite".
std::string runtime_refusal(const TfliteModel& model, const Node& node);

// The first refusal of the model's nodes as unimplemented, with the node's name.
Status check_for_runtime(const TfliteModel& model);

// The same for a file's bytes, with the versions that are written there. Returns who judged, for people.
Result<std::string> judge_tflite(std::string_view bytes);

}  // namespace slipway
