// Subgraphs of a node, and what they read from the graph around them (Graph::captures).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace slipway {

using Body = std::pair<std::string, std::shared_ptr<const Graph>>;

// The node's subgraphs with the names of their attributes, in the attributes' order.
std::vector<Body> bodies(const Node& node);

// How many of the node's last inputs its subgraphs capture; 0 without subgraphs.
size_t captured_inputs(const Node& node);

}  // namespace slipway
