// What TensorFlow Lite can say of a graph: legality, lowering, explained refusals.
#pragma once

#include "base/status.h"
#include "formats/tflite.h"
#include "graph/graph.h"

namespace slipway {

// `graph` in TFLite's operators: images [N, H, W, C] with Transposes only where the model's own inputs and outputs (or
// an operator that cares) want them, activations fused, constants folded, quantized stretches in int8, weights behind
// float activations in int8 (hybrid). Inputs and outputs keep names, types and order; unknown sizes stay unknown.
// unimplemented lists every node that TFLite cannot say, with its operator and the reason.
Result<TfliteModel> lower_to_tflite(const Graph& graph);

}  // namespace slipway
