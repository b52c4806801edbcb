// Hints: what the numbers of a finished run say is off, in sentences with a way out. Pure.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "train/fit.h"

namespace slipway::train {

struct HintFacts {
  const FitResult& fit;
  const Evaluation& judged;  // on test or validation data
  const std::vector<std::string>& classes;
  double slowest_momentum = 0;  // of the model's BatchNormalizations; 0: it has none
};

// One class for every example; a number that hardly moves, or does worse than the mean; a threshold that would do
// better; a loss that does not fall; validation that turns for the worse or falls behind; BatchNormalization whose
// averages have not caught up. Empty: nothing is off.
std::vector<std::string> hints(const HintFacts& facts);

// The greatest momentum of BatchNormalization nodes (r' = momentum r + (1 - momentum) batch).
double slowest_momentum(const Graph& model);

}  // namespace slipway::train
