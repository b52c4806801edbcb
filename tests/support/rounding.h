// What a graph answers, and how far rounding may move that: its nodes run one by one, as they stand and then again and
// again with their last bits disturbed (D. S. Parker, "Monte Carlo Arithmetic", 1997). A sum that cancels, an element
// beside a tie of ArgMax or Round, a comparison of equal numbers: each moves far, and so much is granted to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway {

class Expectation {
 public:
  // nullopt when a node refuses or quantizes what is no number, or where a sum or product overflows. Loops make at most
  // `max_trips`, of `max_loop_bytes`.
  static std::optional<Expectation> of(const Graph& graph, const std::vector<Tensor>& inputs, int64_t max_trips,
                                       int64_t max_loop_bytes);

  // The first place where `outputs` are not as expected; empty: none. NaN and infinities stand where they are expected,
  // integers, strings and what is only moved or compared are exact, other numbers within what rounding explains.
  std::string contradiction(const std::vector<Tensor>& outputs) const;

  // Elements that are expected to be something; of the others chance or rounding decides.
  int64_t settled() const;

 private:
  // One tensor of an output; a sequence has several.
  struct Part {
    size_t output = 0;
    Tensor value;
    std::vector<double> slack;  // by element; infinite: anything goes
  };
  std::vector<Part> parts_;
  std::vector<bool> open_;  // by output: nothing is expected of it
};

}  // namespace slipway
