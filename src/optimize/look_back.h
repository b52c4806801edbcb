// Look-back: whether what a model answers at a step of a sequence depends on no later step.
#pragma once

#include "base/status.h"
#include "graph/graph.h"
#include "optimize/likeness.h"

namespace slipway {

// Whether an output [batch, steps, …] answers otherwise at the last step, and at no step before it, when the last step
// of the inputs [batch, steps, …] is another one. Tried on the first of `runs`. False where there is nothing like that:
// no run, no sequence.
Result<bool> looks_back_only(const Graph& graph, const Runs& runs);

}  // namespace slipway
