// Imported: models from files, made ready to be trained.
#pragma once

#include "graph/graph.h"

namespace slipway::train {

// `model` for batches of any size where the exporter fixed it ([1, 3, 224, 224]) and the nodes leave it free; else the
// model as it is.
Graph with_free_batch(const Graph& model);

}  // namespace slipway::train
