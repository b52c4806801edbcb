// Operators that take integers with their scales, said with float operators.
#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::convert {

// QLinearConv and QLinearMatMul become Conv and MatMul between DequantizeLinear and QuantizeLinear, which is the form
// that says most. Returns how many there were. Requires: types are inferred.
Result<int> expand_quantized(Graph& graph);

}  // namespace slipway::convert
