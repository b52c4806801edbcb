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
  const Status status = gather(s, DType::f32, x.data(), DType::i64, indices.data(), y.data(), 2);
  EXPECT_TRUE(status.ok()) << status.message();
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

// Of every width of elements, by both paths, and whatever thread finds it: the first is named, and nothing is read
// there.
TEST(Gather, OneThatLiesOutsideIsNamed) {
  for (int64_t inner : {1, 3}) {
    for (DType dtype : {DType::u8, DType::f16, DType::f32, DType::i64}) {
      GatherShape s = {.outer = 2, .axis = 3, .count = 3, .inner = inner};
      std::vector<int64_t> x(18, 7), y(18, 7), indices = {2, 3, -4};
      const Status status = gather(s, dtype, x.data(), DType::i64, indices.data(), y.data(), 2);
      EXPECT_EQ(status.message(), "index 3 (element 1) is outside [-3, 3)") << dtype_name(dtype) << " by " << inner;
    }
  }
}

TEST(Gather, GradientsNameWhatLiesOutside) {
  GatherShape s = {.outer = 1, .axis = 2, .count = 3, .inner = 1};
  const std::vector<float> dy = {1, 2, 4};
  const std::vector<int32_t> indices = {1, -3, 1};
  std::vector<float> dx(2);
  EXPECT_EQ(gather_grad(s, DType::f32, dy.data(), DType::i32, indices.data(), dx.data(), 1).message(),
            "index -3 (element 1) is outside [-2, 2)");
  EXPECT_EQ(dx, (std::vector<float>{0, 5}));
}

}  // namespace
}  // namespace slipway::kernels
