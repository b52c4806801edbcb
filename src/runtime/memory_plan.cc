// Greedy-by-size offset assignment.
#include "runtime/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace slipway {

namespace {

constexpr size_t kAlignment = 64;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool overlap(const BufferLife& a, const BufferLife& b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

MemoryPlan plan_memory(const std::vector<BufferLife>& lives) {
  MemoryPlan plan;
  plan.offsets.assign(lives.size(), 0);
  std::vector<size_t> order(lives.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return lives[a].bytes > lives[b].bytes; });
  std::vector<size_t> placed;  // by offset
  for (size_t i : order) {
    size_t offset = 0;
    for (size_t other : placed) {
      if (!overlap(lives[i], lives[other])) continue;
      if (offset + aligned(lives[i].bytes) <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + aligned(lives[other].bytes));
    }
    plan.offsets[i] = offset;
    plan.arena_bytes = std::max(plan.arena_bytes, offset + aligned(lives[i].bytes));
    auto at = std::upper_bound(placed.begin(), placed.end(), offset,
                               [&](size_t value, size_t index) { return value < plan.offsets[index]; });
    placed.insert(at, i);
  }
  return plan;
}

}  // namespace slipway
