// Examples: what TensorFlow Serving's :classify and :regress are asked with, {"examples": [row, …]}.
#pragma once

#include <string_view>

#include "serve/servable.h"
#include "serve/tfs_json.h"

namespace slipway {

// The model's inputs from a body's rows: raw ones where the model prepares them, else rows of its tensors as
// "instances" has them.
Result<PredictBody> read_examples(std::string_view json, const Servable& servable);

}  // namespace slipway
