// Layer sizes that the data says: units = "classes", input_dim = "tokens".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "graph/graph.h"
#include "slipway/layers.h"

namespace slipway::train {

// Whether `word` stands for a number that data says: "classes" (or labels), "targets" (numbers to be told), "tokens"
// (what an Embedding needs as input_dim).
bool is_size_word(std::string_view word);

// The layers with numbers in place of such words. invalid_argument names the layer, and what the data has instead.
Result<std::vector<Layer>> sized_by(std::span<const Layer> layers, const Dataset& data);

// A sentence about a model that gives more answers than the data has classes, of which some are never right; "":
// it does not.
std::string idle_answers(const Graph& model, const Dataset& data);

}  // namespace slipway::train
