// Pieces that gradients share.
#pragma once

#include "graph/builder.h"

namespace slipway::ops {

// A scalar constant of `like`'s dtype.
ValueId scalar_like(Builder& b, double value, ValueId like);
// x * factor
ValueId scaled(Builder& b, ValueId x, double factor);
// `dy` where `condition`, else 0.
ValueId where_or_zero(Builder& b, ValueId condition, ValueId dy);

}  // namespace slipway::ops
