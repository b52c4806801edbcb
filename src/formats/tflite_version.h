// The version of each TFLite operator that a node needs: the oldest runtime that can run it.
#pragma once

#include "formats/tflite.h"

namespace slipway {

// From the types and options of `node`, as in TensorFlow's versioning/op_version.cc. Requires: domain "tflite".
int operator_version(const TfliteModel& model, const Node& node);

}  // namespace slipway
