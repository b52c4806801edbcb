// Layers as networks string them together (a convolution, its normalization, its activation, a quantized stretch): what
// the rewrites look for and random wiring never hits.
#pragma once

#include "graph/graph.h"

namespace slipway {

class Choices;

// A tensor of the size of activations, to begin a network with: an image [N, C, H, W] or rows [N, K].
Tensor random_activations(Choices& choices);

// Appends a layer on `x` and returns its result; an invalid id, with some nodes appended all the same, when the layer
// that was drawn does not fit. `pool`: values that a layer of two operands may join. Requires: x is float32, of known
// sizes.
ValueId add_random_layer(Graph& graph, ValueId x, const Values& pool, Choices& choices);

}  // namespace slipway
