// The version of each TFLite operator that a node needs: the oldest runtime that can run it.
#pragma once

#include "formats/tflite.h"

namespace slipway {

// From the types and options of `node`, as in TensorFlow's versioning/op_version.cc. Requires: domain "tflite".
int operator_version(const TfliteModel& model, const Node& node);

// The versions that options, quantization and the types of several values ask for (TfliteOperator::version_of).
namespace tflite_version {
int fully_connected(const TfliteModel& model, const Node& node);
int convolution(const TfliteModel& model, const Node& node);
int depthwise(const TfliteModel& model, const Node& node);
int dequantize(const TfliteModel& model, const Node& node);
int quantize(const TfliteModel& model, const Node& node);
int mul(const TfliteModel& model, const Node& node);
int resize(const TfliteModel& model, const Node& node);
int resize_nearest(const TfliteModel& model, const Node& node);
int cast(const TfliteModel& model, const Node& node);
}  // namespace tflite_version

}  // namespace slipway
