// Ten thousand random models, each asked by eight clients at once in requests of mixed rows.
#include "support/shared_runs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "tensor/memory.h"

namespace slipway {
namespace {

TEST(Soak, TenThousandModelsAnswerEightClientsAsAlone) {
  limit_allocations(size_t{1} << 30);
  int64_t served = 0, proved = 0, requests = 0, together = 0, identical = 0;
  for (uint64_t seed = 100'000; served < 10'000; ++seed) {
    Random random(seed);
    std::vector<uint8_t> bytes(500);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.below(256));
    Choices choices(bytes);
    SharedRuns runs = share_runs(choices, seed, 8);
    EXPECT_EQ(runs.trouble, "") << "seed " << seed;
    served += runs.served ? 1 : 0;
    proved += runs.proved ? 1 : 0;
    requests += runs.requests;
    together += runs.together;
    identical += runs.identical;
  }
  fmt::print(
      "{} models, {} with rows proved apart; {} requests answered, {} of them in runs of more rows than their own, "
      "{} of these to the bit as alone\n",
      served, proved, requests, together, identical);
  EXPECT_GT(proved, 1000);
}

}  // namespace
}  // namespace slipway
