// Vectorized pooling against the plain loops: random shapes, pads, strides, dilations, NaNs; channels first and last.
#include "kernels/pool.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::kernels {
namespace {

int64_t volume(const std::array<int64_t, 3>& a) { return a[0] * a[1] * a[2]; }

PoolShape random_shape(Random& random) {
  auto below = [&](int64_t n) { return static_cast<int64_t>(random.below(static_cast<uint64_t>(n))); };
  PoolShape p;
  p.planes = 1 + below(4);
  for (size_t d = 0; d < 3; ++d) {
    bool used = d == 2 || (d == 1 ? below(4) != 0 : below(4) == 0);
    if (!used) continue;
    p.kernel[d] = 1 + below(4);
    p.dilation[d] = 1 + below(2);
    p.stride[d] = 1 + below(3);
    int64_t span = (p.kernel[d] - 1) * p.dilation[d];
    p.pad[d] = below(8) == 0 ? -2 : below(p.kernel[d]);
    p.pad_end[d] = below(p.kernel[d]);
    p.in[d] = span + 3 + below(d == 2 ? 90 : 7);
    bool ceil_mode = below(2) == 0;
    int64_t room = p.in[d] + p.pad[d] + p.pad_end[d] - span - 1;
    p.out[d] = (room + (ceil_mode ? p.stride[d] - 1 : 0)) / p.stride[d] + 1;
    if ((p.out[d] - 1) * p.stride[d] >= p.in[d] + p.pad[d]) --p.out[d];
  }
  return p;
}

template <typename T>
std::vector<T> random_values(Random& random, int64_t n) {
  std::vector<T> x(static_cast<size_t>(n));
  for (T& v : x) {
    if constexpr (std::is_same_v<T, float>) {
      v = random.below(16) == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(random.normal());
    } else {
      v = static_cast<T>(random.below(256));
    }
  }
  return x;
}

// [planes, positions] as [1, positions, planes] and back.
template <typename T>
std::vector<T> swapped(const std::vector<T>& x, int64_t rows, int64_t columns) {
  std::vector<T> y(x.size());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c)
      y[static_cast<size_t>(c * rows + r)] = x[static_cast<size_t>(r * columns + c)];
  }
  return y;
}

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// plain and vectorized: f(shape, x, y).
template <typename T, typename Plain, typename Vectorized>
void compare(uint64_t seed, const Plain& plain, const Vectorized& vectorized) {
  Random random(seed);
  PoolShape p = random_shape(random);
  if (seed % 4 == 3) p.planes = 1 + static_cast<int64_t>(random.below(40));
  std::vector<T> x = random_values<T>(random, p.planes * volume(p.in));
  std::vector<T> expected(static_cast<size_t>(p.planes * volume(p.out))), y = expected;
  plain(p, x.data(), expected.data());
  vectorized(p, x.data(), y.data());
  EXPECT_TRUE(same_bits(expected, y)) << "seed " << seed;
  if (p.planes == 1) return;
  PoolShape last = p;
  last.inner = p.planes;
  last.planes = 1;
  std::vector<T> x_last = swapped(x, p.planes, volume(p.in)), y_last = y;
  vectorized(last, x_last.data(), y_last.data());
  EXPECT_TRUE(same_bits(expected, swapped(y_last, volume(p.out), p.planes))) << "channels last, seed " << seed;
}

template <typename T>
void compare_max(uint64_t seed) {
  compare<T>(
      seed, [](const PoolShape& p, const T* x, T* y) { max_pool(p, x, y, nullptr, false, 1); },
      [](const PoolShape& p, const T* x, T* y) { vector_max_pool(p, x, y, 2); });
}

TEST(VectorPool, MaxIsThatOfThePlainLoops) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    compare_max<float>(seed);
    compare_max<uint8_t>(seed);
    compare_max<int8_t>(seed);
  }
}

// Wherever it stands in its window, in planes of pairs, in rows, channels last, and with indices.
TEST(VectorPool, ANaNIsTheMaximumWhereverItStands) {
  for (int64_t size : {2, 3}) {
    PoolShape p;
    p.planes = 1;
    p.in = p.kernel = {1, size, size};
    p.stride = {1, size, size};
    for (size_t at = 0; at < static_cast<size_t>(size * size); ++at) {
      std::vector<float> x(static_cast<size_t>(size * size), 1), y = {0};
      x[at] = std::numeric_limits<float>::quiet_NaN();
      int64_t index = -1;
      max_pool(p, x.data(), y.data(), &index, false, 1);
      EXPECT_TRUE(std::isnan(y[0])) << size << ", " << at;
      EXPECT_EQ(index, static_cast<int64_t>(at));
      y[0] = 0;
      vector_max_pool(p, x.data(), y.data(), 1);
      EXPECT_TRUE(std::isnan(y[0])) << size << ", " << at;
      std::vector<float> dx(x.size(), 7);
      const float dy = 3;
      max_pool_backward(p, x.data(), &dy, dx.data(), 1);
      EXPECT_EQ(dx[at], 3) << size << ", " << at;
      PoolShape last = p;
      last.inner = 24;
      std::vector<float> wide, answers(24);
      for (float v : x) wide.insert(wide.end(), 24, v);
      vector_max_pool(last, wide.data(), answers.data(), 1);
      for (float v : answers) EXPECT_TRUE(std::isnan(v)) << size << ", " << at;
    }
  }
}

TEST(VectorPool, MeanIsThatOfThePlainLoops) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    bool include_pad = seed % 2 == 0;
    compare<float>(
        seed, [&](const PoolShape& p, const float* x, float* y) { average_pool(p, x, y, include_pad, 1); },
        [&](const PoolShape& p, const float* x, float* y) { vector_average_pool(p, x, y, include_pad, 2); });
  }
}

TEST(VectorPool, NegativePaddingWritesNothingBeforeItsOutput) {
  PoolShape p;
  p.planes = 1;
  p.kernel[2] = 3;
  p.in[2] = 40;
  p.pad[2] = -2;
  p.out[2] = 36;
  const std::vector<float> x(40, 1);
  for (bool mean : {false, true}) {
    std::vector<float> y(64, 7);
    float* at = y.data() + 16;
    mean ? vector_average_pool(p, x.data(), at, true, 1) : vector_max_pool(p, x.data(), at, 1);
    EXPECT_EQ(std::count(y.begin(), y.end(), 7.f), 64 - 36);
    EXPECT_EQ(std::count(at, at + 36, 1.f), 36);
  }
}

TEST(VectorPool, WithoutChannelsNothingIsWritten) {
  PoolShape p;
  p.planes = 1;
  p.in = {1, 4, 4};
  p.out = {1, 4, 4};
  p.inner = 0;
  std::vector<float> y(16, 7);
  vector_average_pool(p, y.data(), y.data(), false, 1);
  EXPECT_EQ(std::count(y.begin(), y.end(), 7.f), 16);
  std::vector<float> x(16, 1);
  vector_max_pool(p, x.data(), y.data(), 1);
  EXPECT_EQ(std::count(y.begin(), y.end(), 7.f), 16);
}

// max_pool says which tap of each window is its maximum: dy belongs there and nowhere else.
TEST(VectorPool, MaximaOfPairsSendTheirGradientBack) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    PoolShape p;
    p.planes = 1 + static_cast<int64_t>(random.below(5));
    p.kernel = p.stride = {1, 2, 2};
    p.in = {1, 2 + static_cast<int64_t>(random.below(9)), 2 + static_cast<int64_t>(random.below(90))};
    p.out = {1, p.in[1] / 2, p.in[2] / 2};
    std::vector<float> x = random_values<float>(random, p.planes * volume(p.in));
    std::vector<float> y(static_cast<size_t>(p.planes * volume(p.out))), dx(x.size(), 7.0f), expected(x.size());
    std::vector<float> dy = random_values<float>(random, p.planes * volume(p.out));
    std::vector<int64_t> where(y.size());
    max_pool(p, x.data(), y.data(), where.data(), false, 1);
    for (size_t i = 0; i < dy.size(); ++i) expected[static_cast<size_t>(where[i])] = dy[i];
    max_pool_backward(p, x.data(), dy.data(), dx.data(), 2);
    EXPECT_TRUE(same_bits(expected, dx)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace slipway::kernels
