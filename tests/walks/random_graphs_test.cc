// Thousands of random graphs: loader, planner, rewrites and kernels refuse or answer, and keep what they promise.
#include <gtest/gtest.h>

#include "base/random.h"
#include "support/random_graph.h"
#include "tensor/memory.h"

namespace slipway {
namespace {

constexpr uint64_t kFirst = 1, kGraphs = 4000;
constexpr size_t kBytes = 600;
constexpr size_t kMostBytes = size_t{1} << 30;  // of one allocation

TEST(RandomGraphs, AreRefusedOrAnswered) {
  limit_allocations(kMostBytes);
  uint64_t answered = 0;
  for (uint64_t seed = kFirst; seed < kFirst + kGraphs; ++seed) {
    Random random(seed);
    std::vector<uint8_t> bytes(kBytes);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.below(256));
    Choices choices(bytes);
    const RandomGraph drawn = random_graph(choices);
    const GraphVerdict verdict = judge(drawn);
    EXPECT_EQ(verdict.trouble, "") << "seed " << seed << "\n" << to_text(drawn.graph);
    answered += verdict.answered ? 1 : 0;
  }
  EXPECT_GT(answered, kGraphs / 4) << "too many are refused for the walk to mean much";
}

}  // namespace
}  // namespace slipway
