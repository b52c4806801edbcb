// Latency of two models side by side, on a machine that others use, too.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace slipway {

// Times of pairs of runs, one right after the other, so that whatever slows the machine down slows both.
struct PairedLatency {
  double before_us = 0;  // medians
  double after_us = 0;
  // after / before of the pair of which a fifth of all pairs have less: noise in some pairs does not move it.
  double sure_ratio = 1;
};

// Medians and ratio of times in ns, `before[i]` and `after[i]` being a pair. Pure. Requires: as many of both; some.
PairedLatency paired_latency(std::span<const int64_t> before, std::span<const int64_t> after);

// Runs both with one thread on the same inputs: `pairs` times, or for about a second where that comes first, but 7
// times.
Result<PairedLatency> measure_latency(const Graph& before, const Graph& after, const std::vector<Tensor>& inputs,
                                      int64_t pairs, const Clock& clock);

// Whether `after` is clearly slower: by a fifth or more and by 20 us or more in the middle, and by a tenth or more in
// four fifths of the pairs. Less can be noise, or does not matter. Pure.
bool clearly_slower(const PairedLatency& latency);

}  // namespace slipway
