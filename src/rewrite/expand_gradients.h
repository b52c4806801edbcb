// ONNX's Gradient nodes (ai.onnx.preview.training, opset 1) become the backward pass that they ask for.
#pragma once

#include "graph/graph.h"
#include "graph/operator.h"

namespace slipway::rewrite {

// Every Gradient node in `graph` is replaced by nodes that compute d(sum of y)/dx for each x of its attribute `xs`, at
// the node's inputs: those for `xs` first, then those for `zs`. Where an input is another value than the one that `xs`
// or `zs` names, what leads from there to y is computed once more from the input. A y that x does not reach has the
// gradient 0.
// invalid_argument names the node and what it names wrongly; unimplemented the
// operator on the way without a gradient.
Status expand_gradients(Graph& graph, const OperatorSet& operators);

}  // namespace slipway::rewrite
