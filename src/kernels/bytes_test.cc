// Arithmetic on bytes against plain loops: every tail, both ends of the range.
#include "kernels/bytes.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "kernels/gather.h"

namespace slipway::kernels {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes random_bytes(size_t n, Random& random) {
  Bytes x(n);
  for (uint8_t& v : x) v = static_cast<uint8_t>(random.below(256));
  return x;
}

uint8_t rounded(double v, double low, double high) {
  return static_cast<uint8_t>(std::nearbyint(std::clamp(v, low, high)));
}

TEST(Bytes, MapLooksEveryByteUp) {
  Random random(1);
  Bytes table = random_bytes(256, random);
  for (size_t n : {1, 63, 64, 65, 1000}) {
    Bytes x = random_bytes(n, random), y(n + 1, 7);
    map_bytes(x.data(), table.data(), y.data(), static_cast<int64_t>(n), 2);
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(y[i], table[x[i]]) << i;
    EXPECT_EQ(y[n], 7);
  }
}

TEST(Bytes, AddRoundsAndClamps) {
  Random random(2);
  const ByteSum sum = {.a_scale = 0.7f, .b_scale = 1.3f, .offset = -60.25f, .low = 5, .high = 250};
  for (size_t n : {1, 15, 16, 17, 500}) {
    Bytes a = random_bytes(n, random), b = random_bytes(n, random), y(n);
    add_bytes(sum, a.data(), b.data(), y.data(), static_cast<int64_t>(n), 2);
    for (size_t i = 0; i < n; ++i) {
      const double exact = 0.7 * a[i] + 1.3 * b[i] - 60.25;
      EXPECT_NEAR(y[i], rounded(exact, 5, 250), std::abs(exact - std::floor(exact) - 0.5) < 1e-3 ? 1 : 0) << i;
    }
  }
}

TEST(Bytes, AveragePoolCountsItsTaps) {
  Random random(3);
  for (int64_t inner : {1, 3, 16, 21, 48}) {
    PoolShape p = {.planes = 2, .inner = inner};
    p.in = {1, 5, 6};
    p.out = {1, 3, 3};
    p.kernel = {1, 3, 3};
    p.stride = {1, 2, 2};
    p.pad = p.pad_end = {0, 1, 1};
    for (bool include_pad : {false, true}) {
      const ByteMean mean = {.x_zero = 9, .scale = 1.25f, .y_zero = 20, .include_pad = include_pad};
      Bytes x = random_bytes(static_cast<size_t>(2 * 30 * inner), random), y(static_cast<size_t>(2 * 9 * inner));
      average_pool_bytes(p, mean, x.data(), y.data(), 2);
      for (int64_t i = 0; i < 2 * 9 * inner; ++i) {
        const int64_t c = i % inner, column = i / inner % 3, row = i / inner / 3 % 3, plane = i / inner / 9;
        double sum = 0;
        int taps = 0, padded = 0;
        for (int64_t a = row * 2 - 1; a < row * 2 + 2; ++a) {
          for (int64_t b = column * 2 - 1; b < column * 2 + 2; ++b) {
            padded += a <= 5 && b <= 6;
            if (a < 0 || a >= 5 || b < 0 || b >= 6) continue;
            ++taps;
            sum += x[static_cast<size_t>(((plane * 5 + a) * 6 + b) * inner + c)] - 9;
          }
        }
        EXPECT_NEAR(y[static_cast<size_t>(i)], rounded(sum / (include_pad ? padded : taps) * 1.25 + 20, 0, 255), 1)
            << i;
      }
    }
  }
}

// Windows of up to 128 bytes and wider ones, more than 64 picks, indices from the end.
TEST(Bytes, GatherOutOfRows) {
  Random random(4);
  for (int64_t axis : {5, 64, 100, 300}) {
    for (int64_t count : {1, 40, 64, 150, 700}) {
      GatherShape s = {.outer = 7, .axis = axis, .count = count, .inner = 1};
      Bytes x = random_bytes(static_cast<size_t>(s.outer * axis), random), y(static_cast<size_t>(s.outer * count));
      std::vector<int64_t> indices(static_cast<size_t>(count));
      for (int64_t& i : indices) i = static_cast<int64_t>(random.below(static_cast<uint64_t>(2 * axis))) - axis;
      ASSERT_TRUE(gather(s, DType::u8, x.data(), DType::i64, indices.data(), y.data(), 1).ok());
      for (int64_t i = 0; i < s.outer * count; ++i) {
        const int64_t at = indices[static_cast<size_t>(i % count)];
        ASSERT_EQ(y[static_cast<size_t>(i)], x[static_cast<size_t>(i / count * axis + (at < 0 ? at + axis : at))]) << i;
      }
    }
  }
}

// Channels last, as many as fill vectors of any width, against channels first.
TEST(Bytes, MaxPoolOfManyChannels) {
  Random random(5);
  for (int64_t channels : {8, 13, 24, 32, 70, 130}) {
    PoolShape last = {.planes = 2, .inner = channels};
    last.in = {1, 9, 11};
    last.kernel = {1, 3, 2};
    last.stride = {1, 2, 2};
    last.pad = {0, 1, 1};
    last.pad_end = {0, 1, 0};
    last.out = {1, 5, 6};
    PoolShape first = last;
    first.planes = 2 * channels;
    first.inner = 1;
    const int64_t in = 99, out = 30;
    Bytes x = random_bytes(static_cast<size_t>(2 * in * channels), random), moved(x.size());
    Bytes y(static_cast<size_t>(2 * out * channels)), expected(y.size());
    for (int64_t i = 0; i < 2 * in * channels; ++i) {
      const int64_t plane = i / in / channels, c = i % channels, at = i / channels % in;
      moved[static_cast<size_t>((plane * channels + c) * in + at)] = x[static_cast<size_t>(i)];
    }
    vector_max_pool(last, x.data(), y.data(), 2);
    max_pool(first, moved.data(), expected.data(), nullptr, false, 1);
    for (int64_t i = 0; i < 2 * out * channels; ++i) {
      const int64_t plane = i / out / channels, c = i % channels, at = i / channels % out;
      ASSERT_EQ(y[static_cast<size_t>(i)], expected[static_cast<size_t>((plane * channels + c) * out + at)])
          << channels << " channels, " << i;
    }
  }
}

}  // namespace
}  // namespace slipway::kernels
