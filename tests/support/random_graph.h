// Random graphs: operators, wiring, shapes, attributes and contents drawn from bytes, for the walk over random graphs
// and for its fuzz target.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway {

// Decisions drawn from bytes, so that a fuzzer can steer them. Where the bytes end, every decision is 0.
class Choices {
 public:
  explicit Choices(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  // 0 … n - 1. Requires: n > 0.
  uint64_t below(uint64_t n);
  bool one_in(uint64_t n) { return below(n) == n - 1; }
  bool exhausted() const { return at_ >= bytes_.size(); }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

struct RandomGraph {
  Graph graph;
  std::vector<Tensor> inputs;
};

// 1 to 8 nodes or layers. A node begins as a sample of a card (or from nothing), is wired to earlier values, and is
// then damaged now and then: shapes, contents, attributes, arity, types. Most nodes pass inference; some do not. Layers
// stand in the order of real networks (support/random_layers.h).
RandomGraph random_graph(Choices& choices);

// 2 to 9 layers alone, on activations: most such networks answer.
RandomGraph random_network(Choices& choices);

struct GraphVerdict {
  bool answered = false;  // not refused
  int64_t settled = 0;    // elements of outputs that were held to a number
  std::string trouble;    // empty: none
};

// Loads, plans and runs it with the rewrites and without, on one thread and on two. Trouble: outputs whose types are
// not those that inference promised, numbers that rounding does not explain (see support/rounding.h), another answer to
// the same question, or an answer that only comes without the rewrites. Refusals are fine.
GraphVerdict judge(const RandomGraph& random);

}  // namespace slipway
