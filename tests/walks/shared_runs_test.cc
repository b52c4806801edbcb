// Random models asked by many at once: every answer is the one of the run alone.
#include "support/shared_runs.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tensor/memory.h"

namespace slipway {
namespace {

TEST(SharedRuns, OfRandomModelsAnswerAsAlone) {
  constexpr uint64_t kModels = 600;
  limit_allocations(size_t{1} << 30);
  int64_t proved = 0, together = 0;
  for (uint64_t seed = 1; seed <= kModels; ++seed) {
    Random random(seed);
    std::vector<uint8_t> bytes(400);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.below(256));
    Choices choices(bytes);
    SharedRuns runs = share_runs(choices, seed, seed % 4 == 0 ? 8 : 0);
    EXPECT_EQ(runs.trouble, "") << "seed " << seed;
    proved += runs.proved ? 1 : 0;
    together += runs.together;
  }
  EXPECT_GT(proved, 60) << "too few share runs for the walk to mean much";
  EXPECT_GT(together, 400);
}

}  // namespace
}  // namespace slipway
