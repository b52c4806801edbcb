// The memory plan: lives that overlap never share bytes, lives that do not may.
#include "runtime/memory_plan.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway {
namespace {

TEST(MemoryPlan, AChainNeedsTwoBuffers) {
  std::vector<BufferLife> lives = {{640, 0, 1}, {640, 1, 2}, {640, 2, 3}, {640, 3, 4}};
  EXPECT_EQ(plan_memory(lives).arena_bytes, 1280u);
}

TEST(MemoryPlan, OverlappingLivesNeverShareBytes) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<BufferLife> lives(1 + random.below(20));
    for (BufferLife& life : lives) {
      life.first = static_cast<int>(random.below(20));
      life.last = life.first + static_cast<int>(random.below(6));
      life.bytes = random.below(1000);
    }
    MemoryPlan plan = plan_memory(lives);
    for (size_t a = 0; a < lives.size(); ++a) {
      EXPECT_EQ(plan.offsets[a] % 64, 0u);
      EXPECT_LE(plan.offsets[a] + lives[a].bytes, plan.arena_bytes);
      for (size_t b = 0; b < a; ++b) {
        bool together = lives[a].first <= lives[b].last && lives[b].first <= lives[a].last;
        bool apart =
            plan.offsets[a] + lives[a].bytes <= plan.offsets[b] || plan.offsets[b] + lives[b].bytes <= plan.offsets[a];
        EXPECT_TRUE(!together || apart);
      }
    }
  }
}

}  // namespace
}  // namespace slipway
