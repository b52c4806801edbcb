// From layers to a graph.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "slipway/layers.h"

namespace slipway::train {

// A model with input "input" of float32 [batch, example_shape...], one output "output", and weights drawn by `seed`
// (Glorot uniform: X. Glorot, Y. Bengio, AISTATS 2010; biases 0). Weights are named as in Keras: "dense/kernel",
// "dense/bias", "dense_1/kernel", …
// invalid_argument names the layer by number and type, and what it expected.
Result<Graph> build_sequential(std::span<const Layer> layers, const Shape& example_shape, uint64_t seed);

// Whether the layer's type and the names of its parameters are known.
Status check(const Layer& layer);

// The layer types and their parameters, for messages and documentation: "Dense(units, activation, use_bias)".
std::vector<std::string> layer_signatures();

}  // namespace slipway::train
