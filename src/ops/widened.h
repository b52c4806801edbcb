// Arithmetic of 16-bit floats in float32: inputs are widened, the float32 kernel runs, and its results are rounded
// once.
#pragma once

#include <functional>

#include "graph/operator.h"

namespace slipway::ops {

// Whether an input or output is float16 or bfloat16.
bool has_half_floats(const PrepareContext& c);

// The kernel of context.node(). Where its card has none for float16 or bfloat16 (unimplemented), the card's kernel for
// float32 stands between conversions. Requires: the node has a card with `cpu`.
Result<Kernel> prepare_kernel(const PrepareContext& context);

// The kernel that `prepare` makes for the same node with float32 in place of float16 and bfloat16, between conversions.
// Constants are widened once. For cards whose float32 kernel is the better one for 16-bit floats too.
Result<Kernel> prepare_widened(const PrepareContext& context,
                               const std::function<Result<Kernel>(const PrepareContext&)>& prepare);

}  // namespace slipway::ops
