// Single elements gathered out of rows: vectors, tails, indices from the end, and indices that mean nothing.
#include "kernels/gather.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace slipway::kernels {
namespace {

std::vector<float> gathered(const GatherShape& s, const std::vector<int64_t>& indices) {
  std::vector<float> x(static_cast<size_t>(s.outer * s.axis)), y(static_cast<size_t>(s.outer * s.count), -1);
  std::iota(x.begin(), x.end(), 0.f);
  gather(s, DType::f32, x.data(), DType::i64, indices.data(), y.data(), 2);
  return y;
}

TEST(Gather, SinglesOutOfRows) {
  for (int64_t count : {1, 5, 16, 37, 600, 1100}) {
    GatherShape s = {.outer = 3, .axis = 50, .count = count, .inner = 1};
    std::vector<int64_t> indices;
    std::vector<float> expected;
    for (int64_t i = 0; i < count; ++i) indices.push_back(i % 2 == 0 ? i * 7 % 50 : -(i * 3 % 50) - 1);
    for (int64_t row = 0; row < 3; ++row) {
      for (int64_t i : indices) expected.push_back(static_cast<float>(row * 50 + (i < 0 ? i + 50 : i)));
    }
    EXPECT_EQ(gathered(s, indices), expected) << count;
  }
}

TEST(Gather, OneThatLiesOutsideReadsZero) {
  GatherShape s = {.outer = 2, .axis = 3, .count = 3, .inner = 1};
  EXPECT_EQ(gathered(s, {2, 3, -4}), (std::vector<float>{2, 0, 0, 5, 0, 0}));
}

}  // namespace
}  // namespace slipway::kernels
