// What a node must not leave out of its outputs.
#pragma once

#include <cstddef>

#include "graph/graph.h"

namespace slipway {

// How many of its first outputs the node's kernel writes, wanted or not. Requires: the node has its card.
size_t required_outputs(const Node& node);

}  // namespace slipway
