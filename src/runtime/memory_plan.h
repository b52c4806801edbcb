// Memory plan: offsets for buffers that live for a while, in one arena as small as a greedy can make it.
#pragma once

#include <cstddef>
#include <vector>

namespace slipway {

// A buffer is written first in step `first` and read last in step `last` (inclusive).
struct BufferLife {
  size_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<size_t> offsets;  // one per buffer, multiples of 64
  size_t arena_bytes = 0;
};

// Largest first, each at the lowest gap that no overlapping life occupies ("greedy by size", Pisarchyk & Lee 2020,
// "Efficient Memory Management for Deep Neural Net Inference"). Pure.
MemoryPlan plan_memory(const std::vector<BufferLife>& lives);

}  // namespace slipway
