// A model that gives back what it takes: what comes out is what its preparation makes of raw data.
#pragma once

#include "data/dataset.h"
#include "graph/graph.h"

namespace slipway {

// "input", float32 [batch, …] as the examples of `data`, which it describes as training would.
Graph echo_model(const Dataset& data);

}  // namespace slipway
