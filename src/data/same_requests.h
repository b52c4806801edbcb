// Same requests: whether a model takes what the clients of another one send.
#pragma once

#include <string>

#include "graph/graph.h"

namespace slipway {

// "" where every request that `served` takes can be answered by `next`; else what differs: "\"fee\" is new to it: it
// takes amount, fee; that one amount". A column that `next` no longer takes is passed over, and names are no matter
// where both take one tensor.
std::string other_requests(const Graph& served, const Graph& next);

}  // namespace slipway
