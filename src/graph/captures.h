// Captures: what subgraphs read from the graph around them (Graph::captures).
#pragma once

#include <cstddef>

#include "graph/graph.h"

namespace slipway {

// How many of the node's last inputs its subgraphs capture; 0 without subgraphs.
size_t captured_inputs(const Node& node);

}  // namespace slipway
