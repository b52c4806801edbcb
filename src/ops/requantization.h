// What the operators that compute from 8 bits to 8 bits share: the type of the result and its bounds.
#pragma once

#include <limits>

#include "ops/convolution.h"
#include "ops/infer.h"

namespace slipway::ops {

// Of ONNX: 2 is uint8, 3 int8, 1 float32.
inline constexpr AttributeSpec kRequantizedDtype = {"dtype", 2};
// The result as it is stored is clamped to these.
inline constexpr AttributeSpec kLow = {"low", -std::numeric_limits<float>::infinity()};
inline constexpr AttributeSpec kHigh = {"high", std::numeric_limits<float>::infinity()};

// The attribute above as a DType; an error for any other.
Result<DType> requantized_dtype(const Node& node);

}  // namespace slipway::ops
