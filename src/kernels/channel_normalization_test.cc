// Batch normalization over rows of channels against its formulas in double.
#include "kernels/channel_normalization.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::kernels {
namespace {

std::vector<float> drawn(int64_t n, uint64_t seed, double middle = 0) {
  Random random(seed);
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) v = static_cast<float>(middle + random.normal());
  return x;
}

struct Moments {
  std::vector<float> mean, variance;
};
Moments moments_of(const ChannelRows& s, const std::vector<float>& x, int threads) {
  const auto channels = static_cast<size_t>(s.channels);
  Moments m{std::vector<float>(channels), std::vector<float>(channels)};
  std::vector<double> scratch(static_cast<size_t>(s.scratch()));
  channel_moments(s, x.data(), m.mean.data(), m.variance.data(), scratch.data(), threads);
  return m;
}

const ChannelRows kShapes[] = {{1, 1},    {7, 3},     {300, 16}, {1000, 20},  {513, 64},
                               {260, 70}, {4097, 33}, {40, 130}, {20000, 16}, {3, 200}};

// A mean far from 0 costs no digits of the variance.
TEST(ChannelNormalization, MomentsAreExactFarFromZeroToo) {
  for (const ChannelRows& s : kShapes) {
    for (double middle : {0.0, 1000.0}) {
      std::vector<float> x = drawn(s.rows * s.channels, 5, middle);
      const Moments found = moments_of(s, x, 2);
      for (int64_t c = 0; c < s.channels; ++c) {
        double sum = 0, squares = 0;
        for (int64_t r = 0; r < s.rows; ++r) sum += static_cast<double>(x[static_cast<size_t>(r * s.channels + c)]);
        const double mean = sum / static_cast<double>(s.rows);
        for (int64_t r = 0; r < s.rows; ++r) {
          const double gap = static_cast<double>(x[static_cast<size_t>(r * s.channels + c)]) - mean;
          squares += gap * gap;
        }
        const double variance = squares / static_cast<double>(s.rows);
        const auto at = static_cast<size_t>(c);
        ASSERT_NEAR(found.mean[at], mean, 1e-7 * (1 + std::abs(mean))) << s.rows << " x " << s.channels;
        ASSERT_NEAR(found.variance[at], variance, 1e-5 * variance + 1e-12) << s.rows << " x " << s.channels;
      }
      const Moments alone = moments_of(s, x, 1);
      EXPECT_EQ(found.mean, alone.mean);
      EXPECT_EQ(found.variance, alone.variance);
    }
  }
}

TEST(ChannelNormalization, NormalizesAddsAndRectifies) {
  for (const ChannelRows& s : kShapes) {
    std::vector<float> x = drawn(s.rows * s.channels, 1), addend = drawn(s.rows * s.channels, 2), y(x);
    std::vector<float> mean = drawn(s.channels, 3), factor = drawn(s.channels, 4), bias = drawn(s.channels, 5);
    for (bool relu : {false, true}) {
      for (bool adds : {false, true}) {
        channel_normalize(s, x.data(), {mean.data(), factor.data(), bias.data()}, adds ? addend.data() : nullptr, relu,
                          y.data(), 2);
        for (size_t i = 0; i < x.size(); ++i) {
          const size_t c = i % mean.size();
          double expected = (static_cast<double>(x[i]) - mean[c]) * factor[c] + bias[c] + (adds ? addend[i] : 0);
          if (relu) expected = std::max(expected, 0.0);
          ASSERT_NEAR(y[i], expected, 1e-5) << s.rows << " x " << s.channels << " at " << i;
        }
      }
    }
  }
}

TEST(ChannelNormalization, GradientIsThatOfTheFormula) {
  for (const ChannelRows& s : kShapes) {
    const auto channels = static_cast<size_t>(s.channels);
    std::vector<float> x = drawn(s.rows * s.channels, 1), dy = drawn(s.rows * s.channels, 2), dx(x);
    std::vector<float> factor = drawn(s.channels, 4), bias = drawn(s.channels, 5), inverse(channels);
    const Moments m = moments_of(s, x, 1);
    for (size_t c = 0; c < channels; ++c) inverse[c] = 1 / std::sqrt(m.variance[c] + 1e-3f);
    for (bool relu : {false, true}) {
      std::vector<float> dscale(channels), dbias(channels), again(dx);
      std::vector<double> scratch(static_cast<size_t>(s.scratch()));
      channel_normalize_backward(s, x.data(), dy.data(), {m.mean.data(), factor.data(), bias.data()}, inverse.data(),
                                 relu, dx.data(), dscale.data(), dbias.data(), scratch.data(), 2);
      channel_normalize_backward(s, x.data(), dy.data(), {m.mean.data(), factor.data(), bias.data()}, inverse.data(),
                                 relu, again.data(), dscale.data(), dbias.data(), scratch.data(), 1);
      EXPECT_EQ(dx, again);
      std::vector<double> sum(channels), product(channels);
      auto g = [&](size_t i) {
        const size_t c = i % channels;
        const float y = std::fma(x[i] - m.mean[c], factor[c], bias[c]);
        return relu && !(y > 0) ? 0.0 : static_cast<double>(dy[i]);
      };
      auto xhat = [&](size_t i) { return (static_cast<double>(x[i]) - m.mean[i % channels]) * inverse[i % channels]; };
      for (size_t i = 0; i < x.size(); ++i) {
        sum[i % channels] += g(i);
        product[i % channels] += g(i) * xhat(i);
      }
      const double n = static_cast<double>(s.rows), near = 1e-5 * std::sqrt(n) + 1e-6;
      for (size_t c = 0; c < channels; ++c) {
        ASSERT_NEAR(dbias[c], sum[c], near) << s.rows << " x " << s.channels;
        ASSERT_NEAR(dscale[c], product[c], near) << s.rows << " x " << s.channels;
      }
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t c = i % channels;
        ASSERT_NEAR(dx[i], factor[c] * (g(i) - sum[c] / n - xhat(i) * product[c] / n), 2e-5) << "at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace slipway::kernels
