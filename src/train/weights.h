// The weights of a model: which of its constants gradient descent moves.
#pragma once

#include "graph/graph.h"

namespace slipway::train {

// The model's `trainable` constants or, when it has none (an imported file), the floating-point constants
//   - that an operator with a gradient reads as its weights (Operator::weights), also through operators that only
//   change
//     their shape;
//   - that are added to the result of such a product, one number for each channel: its bias;
//   - that a computed quotient is multiplied by, one number for each channel, and what is added behind: the scale and
//     bias of a normalization spelled in simpler operators.
// In the order in which nodes read them; each once.
Values weights_of(const Graph& model);

}  // namespace slipway::train
