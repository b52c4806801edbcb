// The equation of Einsum, with its ellipses spelled out.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway::ops {

// Dimensions are labels: letters, and numbers from 256 on for those that an ellipsis stands for (counted from the
// last).
struct EinsumEquation {
  std::vector<std::vector<int>> inputs;
  std::vector<int> output;
  std::vector<int> summed;  // labels of inputs that the output does not have, in order of appearance
};

// Parses "ij,jk->ik" (or without "->": labels that occur once, in alphabetical order) for inputs of these ranks.
Result<EinsumEquation> parse_einsum(const std::string& equation, const std::vector<size_t>& ranks);

// The size of each of `labels`; an error where two inputs disagree (1 is stretched).
Result<Dims> einsum_dims(const EinsumEquation& equation, const std::vector<Dims>& inputs,
                         const std::vector<int>& labels);

// The equation of the gradient of input i: dy and the other inputs to the labels of input i. Empty when it has none
// that Einsum can say (ellipsis, a label twice, a label that no other term has).
std::string einsum_gradient(const std::string& equation, size_t i);

}  // namespace slipway::ops
