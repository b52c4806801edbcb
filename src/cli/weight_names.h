// Weight names: what a model's weights and cutting places are called, for whoever trains it further.
#pragma once

#include <string>

#include "base/json.h"
#include "graph/graph.h"

namespace slipway {

// A table of the weights that training would change: the names that `freeze` takes, shapes and sizes; below it what
// `cut` takes. Empty where the model has no such weight.
std::string weight_names_text(const Graph& model);

// [{"name", "dtype", "shape", "parameters"}, …].
Json weight_names_json(const Graph& model);

}  // namespace slipway
