// How much multiplying a node does.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace slipway {

// Multiply-accumulates of one run of `node` for the shapes that its values have in `graph`: the usual count of
// convolutions, matrix products and recurrent layers; bias, activations and everything element-wise count nothing.
// A node with subgraphs counts those of its largest branch, or of all trips.
// -1: the operator multiplies, but a shape it needs is unknown.
int64_t multiply_accumulates(const Graph& graph, const Node& node);

}  // namespace slipway
