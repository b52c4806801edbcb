// Whether a data set's numbers are ids that a model's embeddings have rows for, asked before training begins.
#pragma once

#include "data/dataset.h"
#include "graph/graph.h"

namespace slipway::train {

// For every table of `model` whose rows are picked by a model input (through casts and changes of shape alone): an
// error that names the layer, its number of rows, the number in `data` that is no row of it, and how to mend that. Ids
// count from 0 and are whole after the data's scaling. Requires: check(data) passed.
Status check_embedding_ids(const Graph& model, const Dataset& data);

}  // namespace slipway::train
