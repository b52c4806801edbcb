// A composite operator: its body, written in simpler operators, gives inference, kernel and gradient.
#pragma once

#include "graph/builder.h"

namespace slipway::ops {

// The outputs of `n` from its inputs `x` (invalid ids where omitted).
using Body = Values (*)(Builder& b, const Node& n, const Values& x);

// The outputs' types are those of the body.
Status infer_through(InferContext& c, Body body);
// Runs the body's nodes one after the other; 16-bit floats as float32, rounded at the end.
Result<Kernel> prepare_through(const PrepareContext& c, Body body);
// The body again, then backwards through its nodes.
Result<Values> gradient_through(Builder& b, const Node& n, const Values& x, const Values& dy, Body body);

// The same as members of a card.
template <Body body>
Status infer_body(InferContext& c) {
  return infer_through(c, body);
}
template <Body body>
Result<Kernel> prepare_body(const PrepareContext& c) {
  return prepare_through(c, body);
}
template <Body body>
Result<Values> gradient_of_body(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return gradient_through(b, n, x, dy, body);
}

}  // namespace slipway::ops
