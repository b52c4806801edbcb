// Graphs run node by node, for tests of rewrites: the plainest way from inputs to outputs.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway {

// The graph's outputs; an error of a node is a test failure and gives no outputs.
std::vector<Tensor> run_nodes(const Graph& graph, const std::vector<Tensor>& inputs);

// "Conv Relu": the operators in the order of the nodes.
std::string op_types(const Graph& graph);

// Normal values, by seed.
Tensor random_floats(Shape shape, uint64_t seed);

}  // namespace slipway
