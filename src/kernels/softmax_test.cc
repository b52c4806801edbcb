// SIMD softmax and cross entropy against the generic forms in double precision.
#include "kernels/softmax.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::kernels {
namespace {

std::vector<double> doubles(const std::vector<float>& x) { return {x.begin(), x.end()}; }

TEST(Softmax, AgreesWithDoubleAlongRowsAndColumns) {
  Random random(5);
  for (int64_t n : {1, 3, 10, 16, 33, 1000}) {
    for (int64_t inner : {1, 2, 16, 37}) {
      std::vector<float> x(static_cast<size_t>(n * inner)), y(x), log_y(x);
      for (float& v : x) v = static_cast<float>(random.uniform() * 16 - 8);
      std::vector<double> exact(x.size()), log_exact(x.size());
      softmax_any<false>(doubles(x).data(), exact.data(), n, inner);
      softmax_any<true>(doubles(x).data(), log_exact.data(), n, inner);
      softmax_f32()(x.data(), y.data(), n, inner);
      log_softmax_f32()(x.data(), log_y.data(), n, inner);
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_NEAR(y[i], exact[i], 4e-6 * exact[i]) << n << " by " << inner;
        ASSERT_NEAR(log_y[i], log_exact[i], 4e-6 * (1 + std::fabs(log_exact[i]))) << n << " by " << inner;
      }
    }
  }
}

TEST(Softmax, LargeNumbersDoNotOverflow) {
  std::vector<float> x = {1000, 1000, -1000}, y(3);
  softmax_f32()(x.data(), y.data(), 3, 1);
  EXPECT_EQ(y, (std::vector<float>{0.5f, 0.5f, 0}));
}

TEST(CrossEntropy, AgreesWithDoubleAndMayWriteOverItsInput) {
  Random random(6);
  for (int64_t n : {2, 10, 16, 17, 100}) {
    std::vector<float> x(static_cast<size_t>(n)), dx(x);
    for (float& v : x) v = static_cast<float>(random.uniform() * 8 - 4);
    int64_t label = static_cast<int64_t>(random.below(static_cast<uint64_t>(n)));
    std::vector<double> exact(x.size());
    RowLoss expected = cross_entropy_any(doubles(x).data(), n, label, 0.25, exact.data());
    RowLoss found = cross_entropy_f32()(x.data(), n, label, 0.25f, dx.data());
    EXPECT_NEAR(found.loss, expected.loss, 1e-6 * (1 + expected.loss));
    EXPECT_EQ(found.correct, expected.correct);
    for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(dx[i], exact[i], 1e-7);
    std::vector<float> over = x;
    cross_entropy_f32()(over.data(), n, label, 0.25f, over.data());
    EXPECT_EQ(over, dx);
  }
}

TEST(CrossEntropy, CorrectMeansTheFirstLargest) {
  std::vector<float> x = {1, 5, 5, 0}, dx(4);
  EXPECT_TRUE(cross_entropy_f32()(x.data(), 4, 1, 1, dx.data()).correct);
  EXPECT_FALSE(cross_entropy_f32()(x.data(), 4, 2, 1, dx.data()).correct);
  EXPECT_FALSE(cross_entropy_f32()(x.data(), 4, 0, 1, dx.data()).correct);
}

}  // namespace
}  // namespace slipway::kernels
