// Corruptions: golden values, bounds, statistics of the noise.
#include "data/transform.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Transform, GoldenValues) {
  Tensor bytes = Tensor::of<uint8_t>({3}, {0, 100, 255});
  Tensor floats = Tensor::of<float>({3}, {0, 0.25f, 1});
  EXPECT_EQ(to_string(inverted(bytes)), "uint8[3] [255, 155, 0]");
  EXPECT_EQ(to_string(inverted(floats)), "float32[3] [1, 0.75, 0]");
  EXPECT_EQ(to_string(inverted(floats, {-1, 1})), "float32[3] [0, -0.25, -1]");
  EXPECT_EQ(to_string(brightened(bytes, 0.2f)), "uint8[3] [51, 151, 255]");
  EXPECT_EQ(to_string(brightened(floats, -0.5f)), "float32[3] [0, 0, 0.5]");
  EXPECT_EQ(to_string(bytes), "uint8[3] [0, 100, 255]") << "the input stays as it is";
}

TEST(Transform, NoiseHasItsDeviationAndSeed) {
  Tensor x(DType::f32, {10000});
  Tensor y = noisy(x, 0.1f, 7, {-1, 1});
  double sum = 0, squares = 0;
  for (float v : y.data<float>()) {
    sum += v;
    squares += v * v;
  }
  EXPECT_NEAR(sum / 10000, 0, 0.01);
  EXPECT_NEAR(squares / 10000, 0.04, 0.003);
  EXPECT_TRUE(identical(y, noisy(x, 0.1f, 7, {-1, 1})));
  EXPECT_FALSE(identical(y, noisy(x, 0.1f, 8, {-1, 1})));
  Tensor wild = noisy(x, 3.f, 1);
  for (float v : wild.data<float>()) {
    EXPECT_GE(v, 0);
    EXPECT_LE(v, 1);
  }
}

}  // namespace
}  // namespace slipway
