// Every operator card of the program.
#pragma once

#include "graph/operator.h"

namespace slipway {

// Frozen, thread-safe.
const OperatorSet& all_operators();

}  // namespace slipway
