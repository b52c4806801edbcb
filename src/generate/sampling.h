// Sampling: from what a language model says of the next token to one token. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"

namespace slipway {

struct Sampling {
  double temperature = 1;  // scores are divided by it; 0: always the likeliest token
  int64_t top_k = 0;       // only the k likeliest tokens; 0: all
  double top_p = 1;        // only the likeliest tokens whose probabilities together reach p
};

// invalid_argument unless temperature >= 0, top_k >= 0 and 0 < top_p <= 1, all finite.
Status check(const Sampling& sampling);

// softmax(scores / temperature) over the tokens that top_k and then top_p leave, 0 for the others. top_p looks at the
// probabilities after temperature and top_k, and keeps the token that reaches p (A. Holtzman et al., "The curious case
// of neural text degeneration", ICLR 2020). Of equal scores the lower id goes first.
// Requires: check(sampling).ok(); one score or more, none NaN, one above minus infinity.
std::vector<double> next_distribution(std::span<const float> scores, const Sampling& sampling);

// The id at which the summed probabilities go beyond u. Requires: they sum to 1; 0 <= u < 1.
int32_t draw(std::span<const double> probabilities, double u);

}  // namespace slipway
