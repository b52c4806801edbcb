// One value in the place of another, for passes that decide which value an output is after it was made.
#pragma once

#include "graph/graph.h"

namespace slipway {

// `by` takes the place of `id` with its producer, its readers and its type. Requires: `id` is produced by a node, `by`
// by none, and neither is a constant.
void replace_value(Graph& graph, ValueId id, ValueId by);

}  // namespace slipway
