// What the bodies of global poolings share.
#pragma once

#include "graph/builder.h"

namespace slipway::ops {

// The dimensions of x [N, C, ...] behind the channels, as a constant; an error when there are none.
ValueId spatial_axes(Builder& b, ValueId x);

}  // namespace slipway::ops
