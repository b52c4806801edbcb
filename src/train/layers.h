// From layers to a graph.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "graph/graph.h"
#include "slipway/layers.h"

namespace slipway::train {

// A model with input "input" (or as its Input layer is called) of float32 [batch, example_shape...], one output
// "output", and weights drawn by `seed` (Glorot uniform where a layer says nothing else; biases 0). A layer without
// `inputs` follows the one before it; the last layer answers. Weights are named as in Keras: "dense/kernel",
// "dense/bias", "dense_1/kernel", …, or after the layer's own name.
// invalid_argument names the layer by number and type, and what it expected.
Result<Graph> build_model(std::span<const Layer> layers, const Shape& example_shape, uint64_t seed);

// The same for what `data` holds: where it names several inputs, the model has those, and a layer says by `inputs`
// which of them it reads. An Input layer may state an input's shape; it must be the data's.
Result<Graph> build_model(std::span<const Layer> layers, const Dataset& data, uint64_t seed);

// `model` up to the value `at`, with `layers` behind it. An empty `at`: what the last layer with weights reads, so that
// the new layers take its place. The old weights stay trainable. not_found lists what `at` could be.
Result<Graph> replace_head(const Graph& model, const std::string& at, std::span<const Layer> layers, uint64_t seed);

// An error unless the layer's type is known and its arguments are what the type takes.
Status check(const Layer& layer);

// What a layer without a name is called, before a number tells it from others of its type: "dense" of Dense.
std::string layer_base_name(const Layer& layer);

}  // namespace slipway::train
