// How many threads each step of a plan is worth: decided from its shapes alone, so that a plan is the same every time.
#pragma once

#include <span>
#include <string_view>

#include "graph/graph.h"
#include "tensor/tensor.h"

namespace slipway {

// What one thread would do, in microseconds, roughly.
struct Work {
  double us = 0;       // in all
  double between = 0;  // until threads have to wait for each other: all of it, or one of the steps of a sequence
};
// `in` and `out`: the types of the node's inputs and outputs.
Work work_of(const Node& node, std::span<const TensorType> in, std::span<const TensorType> out);

// What sharing work takes, in microseconds.
struct SharingCost {
  double handing_over;  // a part to a thread that waits for one, and waiting for that thread
  double shortest;  // plan that is shared: threads that wait between the runs of a shorter one keep cores from others
};
// `wait_policy`: the environment's OMP_WAIT_POLICY.
SharingCost sharing_cost(std::string_view wait_policy);

// Threads for a step of a plan: all of `most`, where half of them would each do several times what they cost; else one.
// Nothing between: OpenMP's runtime here (libgomp) ends the threads that a smaller team leaves over and starts them
// anew for the next larger one.
int threads_worth(const Work& work, const SharingCost& cost, int most);

}  // namespace slipway
