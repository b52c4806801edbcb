// Moves Transposes towards the outputs through operators that do not care about the order of dimensions, where they
// meet their inverses and vanish. For graphs in which operators of one layout stand among those of another.
#pragma once

#include "graph/graph.h"

namespace slipway {

// Element-wise operators, Concat, Split, reductions, Pad, Slice and quantization take their input from before a
// Transpose and leave the Transpose behind them; what is then two Transposes becomes one or none. Values, names and
// contents of the graph's inputs and outputs stay. Requires: types are inferred; nodes without a card are left alone.
Status sink_transposes(Graph& graph);

}  // namespace slipway
