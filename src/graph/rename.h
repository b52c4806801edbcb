// A value under another name, for passes that decide which value an output is after it was made.
#pragma once

#include <string>

#include "graph/graph.h"

namespace slipway {

// Makes `id` a value called `name`: a new id takes its place with its producer and all its readers. Returns the new id;
// `id` itself when that is its name already. Requires: `id` is produced by a node, and no value has that name.
ValueId renamed(Graph& graph, ValueId id, std::string name);

}  // namespace slipway
