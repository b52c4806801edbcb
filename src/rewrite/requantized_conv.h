// QuantizedConv with fixed scales as QuantizedConvChannelsLast.
#pragma once

#include <optional>

#include "graph/graph.h"
#include "rewrite/rewrite.h"

namespace slipway::rewrite {

// Whether `node` is a QuantizedConv of 8-bit x whose weights, scales and zero points are fixed and fit.
bool requantizable(const Graph& graph, const FixedValues& fixed, const Node& node);

// The same product as a QuantizedConvChannelsLast that reads and makes the same values (the layout is the caller's
// business). Requires: requantizable().
Node requantized(Graph& graph, const OperatorSet& operators, const Node& node);

}  // namespace slipway::rewrite
