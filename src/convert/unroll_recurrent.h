// Recurrent layers step by step, for a target whose own ones keep their state between calls.
#pragma once

#include <vector>

#include "convert/tflite_layout.h"
#include "graph/graph.h"

namespace slipway::convert {

// LSTM, GRU and RNN over a known number of steps become products, gates and sums, one stretch for each step, so that
// states stay inputs and outputs (or zero at the beginning of every call) as ONNX has them. One that cannot be said so
// stays, with a refusal. Returns how many there were. Requires: types are inferred.
Result<int> unroll_recurrent(Graph& graph, std::vector<Refusal>& refusals);

}  // namespace slipway::convert
