// Pieces that gradients share.
#pragma once

#include "graph/builder.h"

namespace slipway::ops {

// A scalar constant of `like`'s dtype.
ValueId scalar_like(Builder& b, double value, ValueId like);

// {gradient, or an invalid id when the builder has failed}, in the form a GradientFn returns.
Result<Values> gradients(Builder& b, Values dx);

}  // namespace slipway::ops
