// Moves Transposes towards the outputs through operators that do not care about the order of dimensions, where they
// meet their inverses and vanish. For graphs in which operators of one layout stand among those of another.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace slipway {

// portable: only operators of ONNX result. internal: also through poolings, which become the slipway.*ChannelsLast ones
// where [N, ..., C] is what lies before the Transpose, through Gather and Resize. training: also through the gradients
// of element-wise operators, whose plain operands are transposed.
enum class SinkThrough : uint8_t { portable, internal, training };

// Element-wise operators, Concat, Split, reductions, Pad, Slice and quantization take their input from before a
// Transpose and leave the Transpose behind them; what is then two Transposes becomes one or none. Values, names and
// contents of the graph's inputs and outputs stay. Requires: types are inferred; nodes without a card are left alone.
Status sink_transposes(Graph& graph, SinkThrough through = SinkThrough::portable);

}  // namespace slipway
