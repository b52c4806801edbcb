// Denormal numbers come and go with the guard.
#include "kernels/flush_denormals.h"

#include <limits>

#include <gtest/gtest.h>

namespace slipway {
namespace {

float half(float x) {
  volatile float y = x;
  return y * 0.5f;
}

TEST(FlushDenormals, OnlyWhileItLives) {
  constexpr float kSmallest = std::numeric_limits<float>::min();
  EXPECT_GT(half(kSmallest), 0);
  float inside[2] = {-1, -1};
  {
    FlushDenormals flush(2);
#pragma omp parallel for num_threads(2)
    for (int i = 0; i < 2; ++i) inside[i] = half(kSmallest);
  }
  float after[2] = {-1, -1};
#pragma omp parallel for num_threads(2)
  for (int i = 0; i < 2; ++i) after[i] = half(kSmallest);
  EXPECT_GT(after[0], 0);
  EXPECT_GT(after[1], 0);
#if defined(__x86_64__)
  EXPECT_EQ(inside[0], 0);
  EXPECT_EQ(inside[1], 0);
#endif
}

}  // namespace
}  // namespace slipway
