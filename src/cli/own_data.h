// Own data: what a path holds for a model that carries the preparation of its raw data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "predict/prepared_data.h"

namespace slipway {

// Raw data at the one path of `words`, prepared as the model itself says. nullopt where the model carries no such
// preparation, or the words are values for its inputs (cli/feeds.h: NAME=FILE, .npy, .npz, .pb, folders of them).
Result<std::optional<PreparedData>> own_data(const Graph& model, const std::vector<std::string>& words);

}  // namespace slipway
