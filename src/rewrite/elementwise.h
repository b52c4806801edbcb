// is_elementwise, is_reduction: which nodes work element by element or reduce axes, as their cards' batch rules say.
#pragma once

#include "graph/graph.h"

namespace slipway::rewrite {

// Whether the node is one of ONNX's default domain whose output elements follow from the elements at their places in
// the inputs alone, broadcast. False for a node without a card.
bool is_elementwise(const Node& node);

// Whether the node is one of ONNX's default domain that reduces the axes named by its second input.
// False for a node without a card.
bool is_reduction(const Node& node);

}  // namespace slipway::rewrite
