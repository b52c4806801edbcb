// Known categories: the values of a column that training saw, told from a front's nodes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway {

// Without the empty text, which is missing. nullopt: `input` is no column of categories.
std::optional<std::vector<std::string>> known_categories(const Graph& front, ValueId input);

}  // namespace slipway
