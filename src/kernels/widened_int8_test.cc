// Widened products: exact where 16-bit and 24-bit sums would not be.
#include "kernels/widened_int8.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::kernels {
namespace {

const PackFn kPackAlways = [](const Tensor&, const std::string&, const std::function<Tensor()>& make) {
  return make();
};

std::vector<int32_t> run(const Primitive& product, const void* x, const void* w, size_t outputs) {
  std::vector<int32_t> y(outputs);
  std::vector<std::byte> memory(product.scratch_bytes() + 64);
  void* scratch = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
  const void* in[] = {x, w};
  void* out[] = {y.data()};
  product.run(product.make_instance().get(), in, out, scratch);
  return y;
}

// The largest and random numbers, for weights that are cut into one, two, four and eight parts.
TEST(WidenedMatmul, IsExactForAnyLength) {
  Random random(1);
  for (int64_t k : {3, 600, 5000, 30000}) {
    for (bool largest : {true, false}) {
      for (bool constant : {true, false}) {
        const int64_t m = 2, n = 3;
        std::vector<uint8_t> x(static_cast<size_t>(m * k), 255);
        Tensor w(DType::i8, {k, n});
        for (int8_t& v : w.mutable_data<int8_t>()) v = largest ? -128 : static_cast<int8_t>(random.below(256) - 128);
        Int8MatmulSpec spec{.m = m, .n = n, .k = k, .constant_w = constant ? &w : nullptr};
        auto product = make_widened_matmul(spec, kPackAlways);
        ASSERT_TRUE(product.ok()) << product.status().message();
        const std::vector<int32_t> y = run(**product, x.data(), w.raw(), static_cast<size_t>(m * n));
        for (int64_t j = 0; j < n; ++j) {
          int64_t sum = 0;
          for (int64_t l = 0; l < k; ++l) sum += 255 * w.data<int8_t>()[static_cast<size_t>(l * n + j)];
          EXPECT_EQ(y[static_cast<size_t>(n + j)], sum) << "k " << k << (constant ? " constant" : "");
        }
      }
    }
  }
}

// 3 x 3 of 64 channels, all at their largest: 576 products of 255 * 127 in a sum, fewer at the border.
TEST(WidenedConv, IsExactAtTheBorderToo) {
  std::vector<uint8_t> x(4 * 4 * 64, 255);
  Tensor w(DType::i8, {2, 64, 3, 3});
  for (int8_t& v : w.mutable_data<int8_t>()) v = 127;
  Int8ConvSpec spec{.x = {1, 64, 4, 4},
                    .w = {2, 64, 3, 3},
                    .y = {1, 2, 4, 4},
                    .strides = {1, 1},
                    .dilations = {1, 1},
                    .pads_begin = {1, 1},
                    .pads_end = {1, 1},
                    .constant_w = &w};
  auto product = make_widened_conv(spec, kPackAlways);
  ASSERT_TRUE(product.ok()) << product.status().message();
  const std::vector<int32_t> y = run(**product, x.data(), nullptr, 4 * 4 * 2);
  EXPECT_EQ(y[0], 4 * 64 * 255 * 127);
  EXPECT_EQ(y[2], 6 * 64 * 255 * 127);
  EXPECT_EQ(y[(1 * 4 + 1) * 2], 9 * 64 * 255 * 127);
}

}  // namespace
}  // namespace slipway::kernels
