// Convolutions of bytes by our own loops against plain integer loops: odd sizes, strides, dilations, padding, zero
// points, scales by channel, and nothing written or read outside.
#include "kernels/byte_conv.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/random.h"
#include "kernels/byte_conv_rows.h"
#include "tensor/shape.h"

namespace slipway::kernels {
namespace {

struct Case {
  int64_t n = 1, h = 1, w = 1, c = 1, o = 1, groups = 1;
  Shape kernel, strides, dilations, begin, end;

  std::string text() const {
    return fmt::format("n {} h {} w {} c {} o {} kernel {} strides {} dilations {} pads {} {}", n, h, w, c, o,
                       to_string(kernel), to_string(strides), to_string(dilations), to_string(begin), to_string(end));
  }
  int64_t out(size_t i) const {
    return ((i == 0 ? h : w) + begin[i] + end[i] - (kernel[i] - 1) * dilations[i] - 1) / strides[i] + 1;
  }
};

// A convolution with all its numbers.
struct Problem {
  Case c;
  Tensor w;
  std::vector<uint8_t> x;
  std::vector<float> scale, bias;
  RequantizedConvSpec spec;

  Problem(const Case& given, Random& random, int threads) : c(given), w(DType::i8, weights_shape(given)) {
    for (int8_t& v : w.mutable_data<int8_t>()) v = static_cast<int8_t>(static_cast<int>(random.below(256)) - 128);
    x.resize(static_cast<size_t>(c.n * c.h * c.w * c.c));
    for (uint8_t& v : x) v = static_cast<uint8_t>(random.below(256));
    const auto taps = static_cast<double>(w.count() / c.o);
    for (int64_t o = 0; o < c.o; ++o) {
      scale.push_back(static_cast<float>((0.5 + random.uniform()) / (150 * std::sqrt(taps))));
      bias.push_back(static_cast<float>(100 + 30 * random.normal()));
    }
    spec.conv = {.x = {c.n, c.c, c.h, c.w},
                 .w = w.shape(),
                 .y = {c.n, c.o, c.out(0), c.out(1)},
                 .strides = c.strides,
                 .dilations = c.dilations,
                 .pads_begin = c.begin,
                 .pads_end = c.end,
                 .groups = c.groups,
                 .constant_w = &w};
    spec.x_zero = static_cast<int32_t>(random.below(256));
    spec.scale = scale;
    spec.bias = bias;
    spec.low = static_cast<float>(random.below(2) * 40);
    spec.high = 255 - static_cast<float>(random.below(2) * 40);
    spec.threads = threads;
  }

  static Shape weights_shape(const Case& c) { return {c.o, c.c / c.groups, c.kernel[0], c.kernel[1]}; }

  // Before it is rounded.
  double exact(int64_t n, int64_t oy, int64_t ox, int64_t o) const {
    const int64_t each = c.c / c.groups, first = o / (c.o / c.groups) * each;
    int64_t sum = 0;
    for (int64_t i = 0; i < each * c.kernel[0] * c.kernel[1]; ++i) {
      const int64_t ch = i / (c.kernel[0] * c.kernel[1]), ky = i / c.kernel[1] % c.kernel[0], kx = i % c.kernel[1];
      const int64_t iy = oy * c.strides[0] + ky * c.dilations[0] - c.begin[0];
      const int64_t ix = ox * c.strides[1] + kx * c.dilations[1] - c.begin[1];
      if (iy < 0 || iy >= c.h || ix < 0 || ix >= c.w) continue;
      const int64_t value = x[static_cast<size_t>(((n * c.h + iy) * c.w + ix) * c.c + first + ch)];
      sum += (value - spec.x_zero) * w.data<int8_t>()[static_cast<size_t>(o * w.count() / c.o + i)];
    }
    const auto at = static_cast<size_t>(o);
    return static_cast<double>(scale[at]) * static_cast<double>(sum) + static_cast<double>(bias[at]);
  }
};

// A copy of bytes in memory of its own, against a page before or behind it that must not be touched.
class Fenced {
 public:
  Fenced(const std::vector<uint8_t>& bytes, bool against_end) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t room = (bytes.size() + page - 1) / page * page;
    size_ = room + 2 * page;
    memory_ = static_cast<uint8_t*>(mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(mprotect(memory_ + page, room, PROT_READ | PROT_WRITE), 0);
    data_ = memory_ + page + (against_end ? room - bytes.size() : 0);
    std::copy(bytes.begin(), bytes.end(), data_);
  }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;
  ~Fenced() { munmap(memory_, size_); }

  const uint8_t* data() const { return data_; }

 private:
  uint8_t* memory_;
  uint8_t* data_;
  size_t size_;
};

Tensor packed_at_once(const Tensor&, const std::string&, const std::function<Tensor()>& make) { return make(); }

using Maker = std::shared_ptr<const Primitive> (*)(const RequantizedConvSpec&, const PackFn&);

// Either neighbour will do where the exact result lies between them, up to float32's precision.
void expect_exact(const Problem& p, Maker make) {
  const auto primitive = make(p.spec, packed_at_once);
  ASSERT_NE(primitive, nullptr) << p.c.text();
  constexpr uint8_t kUntouched = 7;
  const Fenced x(p.x, p.spec.x_zero % 2 == 0);
  const auto count = static_cast<size_t>(element_count(p.spec.conv.y));
  std::vector<uint8_t> y(count + 64, kUntouched);
  std::shared_ptr<std::byte> scratch = allocate_bytes(primitive->scratch_bytes());
  const void* in[] = {x.data()};
  void* out[] = {y.data()};
  primitive->run(nullptr, in, out, scratch.get());
  for (size_t i = count; i < y.size(); ++i) ASSERT_EQ(y[i], kUntouched) << p.c.text();
  for (size_t i = 0; i < count; ++i) {
    const auto at = static_cast<int64_t>(i);
    const int64_t o = at % p.c.o, ox = at / p.c.o % p.c.out(1), oy = at / p.c.o / p.c.out(1) % p.c.out(0);
    const double exact = p.exact(at / p.c.o / p.c.out(1) / p.c.out(0), oy, ox, o);
    const double clamped = std::clamp<double>(exact, static_cast<double>(p.spec.low), static_cast<double>(p.spec.high));
    ASSERT_NEAR(y[i], clamped, 0.5 + 1e-3) << p.c.text() << " at " << oy << ", " << ox << ", " << o;
  }
}

Case random_case(Random& random, bool depthwise) {
  auto below = [&](uint64_t n) { return static_cast<int64_t>(random.below(n)); };
  const int64_t widths[] = {1, 2, 3, 4, 7, 8, 15, 16, 17, 24, 32, 33, 40, 48, 64, 65, 72, 96, 130};
  Case c;
  c.n = 1 + below(2);
  c.c = widths[below(std::size(widths))];
  c.o = depthwise ? c.c : widths[below(std::size(widths))];
  c.groups = depthwise ? c.c : 1;
  c.kernel = {1 + below(6), 1 + below(8)};
  c.strides = {1 + below(3), 1 + below(3)};
  c.dilations = {1 + below(2), 1 + below(3)};
  c.begin = {below(3), below(4)};
  c.end = {below(3), below(4)};
  c.h = std::max<int64_t>(1, (c.kernel[0] - 1) * c.dilations[0] + 1 - c.begin[0] - c.end[0]) + below(9);
  c.w = std::max<int64_t>(1, (c.kernel[1] - 1) * c.dilations[1] + 1 - c.begin[1] - c.end[1]) + below(20);
  return c;
}

class ByteConv : public testing::Test {
 protected:
  void SetUp() override {
    if (!multiplies_bytes()) GTEST_SKIP() << "this processor does not multiply bytes";
  }
};

TEST_F(ByteConv, DirectIsExact) {
  Random random(101);
  for (int i = 0; i < 200; ++i)
    expect_exact(Problem(random_case(random, false), random, 1 + i % 2), make_direct_byte_conv);
}

// The shapes that networks have, large enough to be cut into units and blocks.
TEST_F(ByteConv, DirectInUnitsAndBlocks) {
  Random random(102);
  auto expect = [&](Case c) {
    for (int threads : {1, 2, 3}) expect_exact(Problem(c, random, threads), make_direct_byte_conv);
  };
  expect({.h = 40,
          .w = 31,
          .c = 3,
          .o = 16,
          .kernel = {3, 3},
          .strides = {2, 2},
          .dilations = {1, 1},
          .begin = {1, 1},
          .end = {1, 1}});
  expect({.n = 2,
          .h = 9,
          .w = 20,
          .c = 24,
          .o = 90,
          .kernel = {1, 1},
          .strides = {1, 1},
          .dilations = {1, 1},
          .begin = {0, 0},
          .end = {0, 0}});
  expect({.h = 1,
          .w = 1500,
          .c = 1,
          .o = 1,
          .kernel = {1, 64},
          .strides = {1, 2},
          .dilations = {1, 1},
          .begin = {0, 0},
          .end = {0, 0}});
  expect({.h = 1,
          .w = 700,
          .c = 1,
          .o = 36,
          .kernel = {1, 64},
          .strides = {1, 1},
          .dilations = {1, 1},
          .begin = {0, 5},
          .end = {0, 0}});
  expect({.n = 3,
          .h = 8,
          .w = 150,
          .c = 8,
          .o = 4,
          .kernel = {3, 9},
          .strides = {1, 1},
          .dilations = {1, 1},
          .begin = {1, 4},
          .end = {1, 4}});
}

TEST_F(ByteConv, DepthwiseIsExact) {
  Random random(103);
  int made = 0;
  for (int i = 0; i < 300; ++i) {
    const Problem p(random_case(random, true), random, 1 + i % 2);
    if (make_depthwise_byte_conv(p.spec, packed_at_once) == nullptr) continue;  // one channel, or too scattered
    expect_exact(p, make_depthwise_byte_conv);
    ++made;
  }
  EXPECT_GT(made, 200);
}

TEST_F(ByteConv, DepthwiseInBands) {
  Random random(104);
  for (int64_t channels : {16, 24, 32, 64, 96, 144}) {
    for (int64_t size : {3, 5}) {
      for (int64_t stride : {1, 2}) {
        const int64_t pad = size / 2;
        const Case c = {.n = 2,
                        .h = 13,
                        .w = 19,
                        .c = channels,
                        .o = channels,
                        .groups = channels,
                        .kernel = {size, size},
                        .strides = {stride, stride},
                        .dilations = {1, 1},
                        .begin = {pad, pad},
                        .end = {pad, pad}};
        for (int threads : {1, 2}) expect_exact(Problem(c, random, threads), make_depthwise_byte_conv);
      }
    }
  }
}

// Sums that int32 cannot hold once they are scaled are left to others.
TEST_F(ByteConv, RefusesSumsThatDoNotFit) {
  Random random(105);
  Problem p({.h = 4,
             .w = 4,
             .c = 8,
             .o = 8,
             .kernel = {1, 1},
             .strides = {1, 1},
             .dilations = {1, 1},
             .begin = {0, 0},
             .end = {0, 0}},
            random, 1);
  EXPECT_NE(make_direct_byte_conv(p.spec, packed_at_once), nullptr);
  p.scale[3] = 1e6f;
  EXPECT_EQ(make_direct_byte_conv(p.spec, packed_at_once), nullptr);
}

}  // namespace
}  // namespace slipway::kernels
