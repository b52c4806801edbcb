// Windows over sequences as windows over images of height 1.
#pragma once

#include "graph/graph.h"

namespace slipway::convert {

// Conv (with a constant filter), MaxPool and AveragePool over [N, C, L] become the same over [N, C, 1, L] between an
// Unsqueeze and a Squeeze, which is how TFLite runs them. Returns how many there were.
int lift_to_images(Graph& graph);

}  // namespace slipway::convert
