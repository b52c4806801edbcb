// Reverse-mode differentiation as a graph transform: the backward pass is appended as nodes.
// A. Griewank, A. Walther, "Evaluating Derivatives", 2nd ed. 2008, chapter 3.
#pragma once

#include <map>
#include <span>

#include "graph/builder.h"
#include "graph/graph.h"

namespace slipway::rewrite {

// Appends nodes that compute d(sum of seed * y)/dx for every x of `wrt`; the result maps x to its gradient, of x's
// shape. A value that does not reach y gets no entry. `seed` is dL/dy, of y's shape.
// unimplemented names the node on the way whose card has no gradient.
Result<std::map<ValueId, ValueId>> add_gradients(Builder& b, ValueId y, ValueId seed, std::span<const ValueId> wrt);

}  // namespace slipway::rewrite
