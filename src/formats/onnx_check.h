// A written model judged by ONNX itself: libonnx's checker and shape inference.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace onnx {
class ModelProto;
}

namespace slipway {

// What the checker has against `model`: names, order, operators, attributes, arity, tensors' types. Operators of opsets
// over 17, which libonnx 1.12 does not know, it leaves to the cards here (verify_node(), formats/onnx_newer.h). Weights
// are not looked into. internal when it has something.
Status check_onnx(const onnx::ModelProto& model);

// The same for a file's bytes, and what strict type and shape inference has against them. Returns who judged, for
// people: "ONNX 1.12's checker and shape inference".
Result<std::string> judge_onnx(std::string_view bytes);

}  // namespace slipway
