// Running nodes that hold subgraphs: If, Loop, Scan, SequenceMap. How a body itself is run is the caller's business.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "tensor/tensor.h"

namespace slipway {

// Runs subgraph `attribute` of the node on its inputs, captured values included. `outputs` are written again where they
// have the right type and nobody else holds them.
using RunBody =
    std::function<Status(std::string_view attribute, std::span<const Tensor> inputs, std::vector<Tensor>& outputs)>;

struct LoopLimits {
  int64_t max_trips = 0;
  int64_t max_bytes = 0;  // of all scan outputs of one run
};

// The outputs of `node` on `inputs` (an omitted one is an undefined tensor). Errors say what does not fit, and in which
// trip; resource_exhausted beyond the limits. Requires: verify() accepted the node.
Result<std::vector<Tensor>> run_control_flow(const Node& node, std::span<const Tensor> inputs, const RunBody& run_body,
                                             const LoopLimits& limits);

}  // namespace slipway
