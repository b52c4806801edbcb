// A graph's nodes lowered from the canonical opset to an older one, for writing.
#pragma once

#include "formats/onnx_versions.h"

namespace slipway {

// The same computation in the words of `opset`, subgraphs included: inputs become attributes again, newer operators are
// taken apart. Requires: 9 <= opset <= 21. unimplemented names the node that cannot be said, and why.
Result<Graph> lowered_to_opset(const Graph& graph, int opset);

}  // namespace slipway
