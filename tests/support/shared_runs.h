// Requests that share runs against the same requests alone: what must hold of any model, whoever asks at the same time.
#pragma once

#include <cstdint>
#include <string>

#include "support/random_graph.h"

namespace slipway {

// How a batch of requests was put to one model.
struct SharedRuns {
  bool served = false;    // the model could be loaded, and its answers follow from its inputs
  bool proved = false;    // its rows are proved to be independent for some of the requests
  int64_t requests = 0;   // that were answered alone
  int64_t together = 0;   // of them, that rode with others
  int64_t identical = 0;  // of them, answered with the same bits as alone
  std::string trouble;    // empty: none
};

// Draws a graph (random_graph or random_network), opens the first dimension of its inputs, named alike, differently or
// not at all, and makes requests of 0 to 5 rows, some of which disagree in their rows or in what has none. They are
// checked, joined and run as the server does: with `clients` 0 in one turn of an event loop, else by so many threads at
// once. Trouble: an answer that is not the one of the run alone (bit for bit, or within what rounding explains), an
// error for who is answered alone, or an answer for who is not.
SharedRuns share_runs(Choices& choices, uint64_t seed, int clients);

}  // namespace slipway
