// Convolutions with few channels against the sums of their definition: random sizes, padding, strides, filters.
#include "kernels/small_conv.h"

#include <cmath>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "tensor/tensor.h"

namespace slipway::kernels {
namespace {

using Floats = std::vector<float>;

SmallConv random_conv(Random& random) {
  auto below = [&](int64_t n) { return static_cast<int64_t>(random.below(static_cast<uint64_t>(n))); };
  SmallConv s;
  s.batch = 1 + below(11);
  s.c = 1 + below(9);
  s.o = 1 + below(below(2) == 0 ? 8 : 35);
  s.k = below(2) == 0 ? 3 : 5;
  s.stride = 1 + below(2);
  s.top = below(s.k);
  s.left = below(s.k);
  s.h = s.k + below(9);
  s.w = s.k + below(24);
  s.oh = (s.h + s.top + below(s.k) - s.k) / s.stride + 1;
  s.ow = (s.w + s.left + below(s.k) - s.k) / s.stride + 1;
  return s;
}

// f(index in x, in w, in y) for every product of the convolution.
template <typename F>
void each_product(const SmallConv& s, const F& f) {
  for (int64_t y = 0; y < s.batch * s.o * s.positions(); ++y) {
    const int64_t column = y % s.ow, row = y / s.ow % s.oh, o = y / s.positions() % s.o, n = y / s.positions() / s.o;
    for (int64_t tap = 0; tap < s.c * s.k * s.k; ++tap) {
      const int64_t c = tap / s.k / s.k;
      const int64_t i = row * s.stride - s.top + tap / s.k % s.k, j = column * s.stride - s.left + tap % s.k;
      if (i < 0 || i >= s.h || j < 0 || j >= s.w) continue;
      f(static_cast<size_t>(((n * s.c + c) * s.h + i) * s.w + j), static_cast<size_t>(o * s.c * s.k * s.k + tap),
        static_cast<size_t>(y));
    }
  }
}

struct Case {
  SmallConv s;
  Floats x, w, bias, dy;

  explicit Case(uint64_t seed) {
    Random random(seed);
    s = random_conv(random);
    auto fill = [&](Floats& to, int64_t n) {
      to.resize(static_cast<size_t>(n));
      for (float& v : to) v = static_cast<float>(random.normal());
    };
    fill(x, s.batch * s.c * s.h * s.w);
    fill(w, s.o * s.c * s.k * s.k);
    fill(bias, s.o);
    fill(dy, s.batch * s.o * s.positions());
  }
};

void expect_near(const std::vector<double>& expected, const Floats& found, const char* what, uint64_t seed) {
  double scale = 1;
  for (double v : expected) scale = std::max(scale, std::abs(v));
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(expected[i], found[i], 1e-5 * scale) << what << " " << i << ", seed " << seed;
  }
}

// f(threads, scratch) on one and on two threads writes the same bytes into `y`.
template <typename Scratch, typename F>
void expect_repeatable(const SmallConv& s, Floats& y, const Scratch& scratch, const F& f) {
  Floats first;
  for (int threads : {1, 2}) {
    auto floats = static_cast<size_t>(scratch(s, threads));
    std::shared_ptr<std::byte> room = allocate_bytes(floats * sizeof(float));
    std::memset(room.get(), 0xff, floats * sizeof(float));  // NaNs: what is read must have been written
    y.assign(y.size(), 7);
    f(threads, reinterpret_cast<float*>(room.get()));
    if (threads == 1) first = y;
  }
  EXPECT_EQ(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)), 0);
}

class SmallConvTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!small_conv_runs({.c = 1, .k = 3})) GTEST_SKIP() << "needs AVX-512";
  }
};

TEST_F(SmallConvTest, ForwardIsItsSum) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Case c(seed);
    const bool biased = seed % 3 != 0, relu = seed % 4 == 1;
    std::vector<double> expected(c.dy.size());
    for (size_t y = 0; y < expected.size(); ++y) {
      expected[y] = biased ? c.bias[y / static_cast<size_t>(c.s.positions()) % static_cast<size_t>(c.s.o)] : 0;
    }
    each_product(c.s, [&](size_t x, size_t w, size_t y) { expected[y] += double{c.x[x]} * c.w[w]; });
    for (double& y : expected) y = relu ? std::max(y, 0.0) : y;
    Floats y(expected.size());
    expect_repeatable(c.s, y, small_conv_scratch, [&](int threads, float* scratch) {
      small_conv(c.s, c.x.data(), c.w.data(), biased ? c.bias.data() : nullptr, relu, y.data(), scratch, threads);
    });
    expect_near(expected, y, "y", seed);
  }
}

TEST_F(SmallConvTest, NotANumberStaysThroughRelu) {
  Case c(3);
  c.x.assign(c.x.size(), std::nanf(""));
  Floats y(c.dy.size());
  Floats scratch(static_cast<size_t>(small_conv_scratch(c.s, 1)) + 16);
  void* at = scratch.data();
  size_t room = scratch.size() * sizeof(float);
  std::align(64, room - 64, at, room);
  small_conv(c.s, c.x.data(), c.w.data(), nullptr, true, y.data(), static_cast<float*>(at), 1);
  EXPECT_TRUE(std::isnan(y[y.size() / 2]));
}

TEST_F(SmallConvTest, DataGradientIsItsSum) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Case c(seed);
    std::vector<double> expected(c.x.size());
    each_product(c.s, [&](size_t x, size_t w, size_t y) { expected[x] += double{c.dy[y]} * c.w[w]; });
    Floats dx(c.x.size());
    expect_repeatable(c.s, dx, small_conv_data_scratch, [&](int threads, float* scratch) {
      small_conv_data(c.s, c.dy.data(), c.w.data(), dx.data(), scratch, threads);
    });
    expect_near(expected, dx, "dx", seed);
  }
}

TEST_F(SmallConvTest, WeightGradientIsItsSum) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Case c(seed);
    std::vector<double> expected(c.w.size()), expected_bias(c.bias.size());
    each_product(c.s, [&](size_t x, size_t w, size_t y) { expected[w] += double{c.dy[y]} * c.x[x]; });
    for (size_t y = 0; y < c.dy.size(); ++y) {
      expected_bias[y / static_cast<size_t>(c.s.positions()) % static_cast<size_t>(c.s.o)] += c.dy[y];
    }
    Floats dw(c.w.size()), db(c.bias.size());
    expect_repeatable(c.s, dw, small_conv_weights_scratch, [&](int threads, float* scratch) {
      small_conv_weights(c.s, c.x.data(), c.dy.data(), dw.data(), seed % 3 != 0 ? db.data() : nullptr, scratch,
                         threads);
    });
    expect_near(expected, dw, "dw", seed);
    if (seed % 3 != 0) expect_near(expected_bias, db, "db", seed);
  }
}

// What make_* chooses gives what was asked for, and leaves alone what it cannot do.
TEST_F(SmallConvTest, OtherConvolutionsAreLeftAlone) {
  ConvSpec spec = {.x = {2, 6, 9, 9}, .w = {8, 6, 3, 3}, .y = {2, 8, 7, 7}};
  spec.strides = spec.dilations = {1, 1};
  spec.pads_begin = spec.pads_end = {0, 0};
  EXPECT_NE(make_small_conv(spec), nullptr);
  EXPECT_NE(make_small_conv_data(spec), nullptr);
  EXPECT_NE(make_small_conv_weights(spec), nullptr);
  ConvSpec other = spec;
  other.groups = 2;
  EXPECT_EQ(make_small_conv(other), nullptr);
  other = spec;
  other.bf16 = true;
  EXPECT_EQ(make_small_conv_weights(other), nullptr);
  other = spec;
  other.dilations = {2, 1};
  EXPECT_EQ(make_small_conv_data(other), nullptr);
  other = spec;
  other.strides = {2, 1};
  EXPECT_EQ(make_small_conv(other), nullptr);
  other = spec;
  other.post = {FusedActivation::sigmoid};
  EXPECT_EQ(make_small_conv(other), nullptr);
  other = spec;
  other.x[1] = other.w[1] = 32;
  EXPECT_EQ(make_small_conv_data(other), nullptr);
}

}  // namespace
}  // namespace slipway::kernels
