// 8-bit operators against literal tables and against plain loops.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "support/run_card.h"

namespace slipway::ops {
namespace {

Tensor random_bytes(DType dtype, Shape shape, Random& random) {
  Tensor t(dtype, std::move(shape));
  auto* bytes = static_cast<uint8_t*>(t.mutable_raw());
  for (int64_t i = 0; i < t.count(); ++i) bytes[i] = static_cast<uint8_t>(random.below(256));
  return t;
}

std::vector<int64_t> numbers(const Tensor& t) { return t.defined() ? t.to_ints() : std::vector<int64_t>{0}; }

TEST(QuantizeLinear, RoundsTiesToEvenAndSaturates) {
  Tensor x = Tensor::of<float>({6}, {0.5f, 1.5f, -0.5f, 300, -300, NAN});
  EXPECT_EQ(card_text("QuantizeLinear", {x, Tensor::scalar(1.f), Tensor::scalar<uint8_t>(10)}),
            "uint8[6] [10, 12, 10, 255, 0, 0]");
  EXPECT_EQ(card_text("QuantizeLinear", {x, Tensor::scalar(2.f), Tensor::scalar<int8_t>(-1)}),
            "int8[6] [-1, 0, -1, 127, -128, -128]");
  EXPECT_EQ(card_text("QuantizeLinear", {Tensor::of<float>({2, 2}, {1, 2, 3, 4}), Tensor::of<float>({2}, {1, 2})},
                      {{"axis", int64_t{0}}}),
            "uint8[2, 2] [[1, 2], [2, 2]]");
  EXPECT_EQ(card_text("QuantizeLinear", {Tensor::of<float>({1, 3}, {1, 2, 3}), Tensor::of<float>({1, 2}, {1, 3})},
                      {{"block_size", int64_t{2}}, {"output_dtype", int64_t{5}}}),
            "int16[1, 3] [[1, 2, 1]]");
  EXPECT_EQ(card_text("QuantizeLinear", {x, Tensor::of<float>({2}, {1, 2})}, {{"axis", int64_t{0}}}),
            "QuantizeLinear node (unnamed): scale [2] does not fit x [6] along axis 0 with block_size 0");
}

// To the last bit, whatever the scale: quotients come from reciprocals.
TEST(QuantizeLinear, RoundsWhatADivisionGives) {
  Random random(7);
  for (float scale : {1.f, 0.1f, 1.f / 3, 0.0123f, 7.7f, 1e-38f, 3e-45f, 1e35f}) {
    Tensor x(DType::f32, {4099});
    for (float& v : x.mutable_data<float>()) {
      // Half of them as near to a tie as can be.
      const double step = std::floor(random.normal() * 60) + (random.below(2) == 0 ? 0.5 : random.uniform());
      v = static_cast<float>(step * static_cast<double>(scale));
    }
    x.mutable_data<float>()[0] = INFINITY;
    x.mutable_data<float>()[1] = -INFINITY;
    x.mutable_data<float>()[2] = 3e38f;
    Result<std::vector<Tensor>> y =
        run_card("QuantizeLinear", {x, Tensor::scalar(scale), Tensor::scalar<uint8_t>(100)});
    ASSERT_TRUE(y.ok()) << y.status().message();
    for (size_t i = 0; i < x.data<float>().size(); ++i) {
      const float expected = std::clamp(std::nearbyint(x.data<float>()[i] / scale) + 100.f, 0.f, 255.f);
      ASSERT_EQ((*y)[0].data<uint8_t>()[i], static_cast<uint8_t>(expected)) << x.data<float>()[i] << " / " << scale;
    }
  }
}

TEST(DequantizeLinear, UndoesTheScale) {
  EXPECT_EQ(card_text("DequantizeLinear",
                      {Tensor::of<uint8_t>({2}, {0, 255}), Tensor::scalar(0.5f), Tensor::scalar<uint8_t>(128)}),
            "float32[2] [-64, 63.5]");
  EXPECT_EQ(card_text("DequantizeLinear", {Tensor::of<int32_t>({2}, {-7, 100000}), Tensor::scalar(2.f)}),
            "float32[2] [-14, 200000]");
  EXPECT_EQ(card_text("DequantizeLinear", {Tensor::of<int8_t>({1, 2}, {3, 4}), Tensor::of<float>({2}, {1, 10}),
                                           Tensor::of<int8_t>({2}, {1, 2})}),
            "float32[1, 2] [[2, 20]]");
}

TEST(DynamicQuantizeLinear, MapsTheRangeWithZero) {
  auto y = run_card("DynamicQuantizeLinear", {Tensor::of<float>({6}, {0, 2, -3, -2.5f, 1.34f, 0.5f})}, {}, 3);
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_EQ(to_string((*y)[0]), "uint8[6] [153, 255, 0, 26, 221, 179]");
  EXPECT_EQ(to_string((*y)[1]), "float32[] 0.0196078");
  EXPECT_EQ(to_string((*y)[2]), "uint8[] 153");
  y = run_card("DynamicQuantizeLinear", {Tensor::of<float>({2}, {0, 0})}, {}, 3);
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_EQ(to_string((*y)[1]), "float32[] 1");
}

// Every mix of signs and zero points, batches and odd sizes, against the definition.
TEST(MatMulInteger, IsExact) {
  struct Case {
    DType x, w;
    Shape xs, ws, x_zero, w_zero;  // {-1}: no zero point
  };
  const Case cases[] = {
      {DType::u8, DType::i8, {3, 5}, {5, 7}, {-1}, {-1}},   {DType::u8, DType::i8, {33, 100}, {100, 17}, {}, {}},
      {DType::i8, DType::i8, {4, 64}, {64, 32}, {1}, {-1}}, {DType::u8, DType::u8, {4, 64}, {64, 32}, {}, {}},
      {DType::i8, DType::u8, {1, 13}, {13, 3}, {}, {3}},    {DType::u8, DType::i8, {4, 9}, {9, 3}, {4}, {3}},
      {DType::u8, DType::i8, {2, 3, 8}, {8, 4}, {}, {-1}},  {DType::u8, DType::u8, {2, 1, 3, 8}, {3, 8, 4}, {}, {}},
  };
  Random random(3);
  for (const Case& c : cases) {
    Tensor x = random_bytes(c.x, c.xs, random);
    Tensor w = random_bytes(c.w, c.ws, random);
    auto zero = [&](DType dtype, const Shape& shape) {
      return shape == Shape{-1} ? Tensor() : random_bytes(dtype, shape, random);
    };
    Tensor xz = zero(c.x, c.x_zero);
    Tensor wz = zero(c.w, c.w_zero);
    std::vector<Tensor> inputs = {x, w, xz, wz};
    while (!inputs.back().defined()) inputs.pop_back();
    auto y = run_card("MatMulInteger", inputs);
    ASSERT_TRUE(y.ok()) << y.status().message();
    int64_t k = c.xs.back(), n = c.ws.back(), m = c.xs[c.xs.size() - 2];
    std::vector<int64_t> xv = numbers(x), wv = numbers(w), xzv = numbers(xz), wzv = numbers(wz), yv = numbers((*y)[0]);
    int64_t w_batches = w.count() / (k * n);
    for (size_t i = 0; i < yv.size(); ++i) {
      int64_t flat = static_cast<int64_t>(i), column = flat % n, row = flat / n % m, batch = flat / n / m;
      int64_t xb = w_batches > 1 ? batch / w_batches : batch;
      int64_t wb = w_batches > 1 ? batch % w_batches : 0;
      int64_t sum = 0;
      for (int64_t l = 0; l < k; ++l) {
        sum += (xv[static_cast<size_t>((xb * m + row) * k + l)] - xzv[xzv.size() > 1 ? static_cast<size_t>(row) : 0]) *
               (wv[static_cast<size_t>((wb * k + l) * n + column)] -
                wzv[wzv.size() > 1 ? static_cast<size_t>(column) : 0]);
      }
      ASSERT_EQ(yv[i], sum) << to_string(x.type()) << " " << to_string(w.type()) << " at " << i;
    }
  }
}

TEST(QLinearMatMul, RescalesPerColumn) {
  auto y = run_card("QLinearMatMul",
                    {Tensor::of<uint8_t>({1, 2}, {12, 10}), Tensor::scalar(0.5f), Tensor::scalar<uint8_t>(10),
                     Tensor::of<int8_t>({2, 2}, {1, 2, 3, 4}), Tensor::of<float>({2}, {1, 10}),
                     Tensor::of<int8_t>({2}, {0, 0}), Tensor::scalar(2.f), Tensor::scalar<int8_t>(-5)});
  ASSERT_TRUE(y.ok()) << y.status().message();
  // (2 * 1) 0.5 / 2 = 0.5 -> 0 (even), (2 * 2) 0.5 10 / 2 = 10
  EXPECT_EQ(to_string((*y)[0]), "int8[1, 2] [[-5, 5]]");
}

TEST(ConvInteger, IsExactWithPaddingGroupsAndStrides) {
  struct Case {
    DType x, w;
    Shape xs, ws;
    std::vector<int64_t> pads, strides, dilations;
    int64_t group;
    bool x_zero, w_zero;
  };
  const Case cases[] = {
      {DType::u8, DType::i8, {2, 3, 6, 5}, {4, 3, 3, 3}, {1, 0, 2, 1}, {1, 2}, {1, 1}, 1, true, false},
      {DType::u8, DType::i8, {1, 16, 8, 8}, {32, 16, 1, 1}, {0, 0, 0, 0}, {1, 1}, {1, 1}, 1, true, false},
      {DType::i8, DType::i8, {1, 8, 7, 7}, {8, 1, 3, 3}, {1, 1, 1, 1}, {1, 1}, {1, 1}, 8, true, false},
      {DType::u8, DType::u8, {1, 4, 7, 7}, {6, 2, 3, 3}, {2, 2, 2, 2}, {2, 2}, {2, 2}, 2, true, true},
      {DType::u8, DType::i8, {1, 2, 9, 1}, {2, 2, 3, 1}, {1, 0, 1, 0}, {1, 1}, {1, 1}, 1, false, false},
  };
  Random random(5);
  for (const Case& c : cases) {
    Tensor x = random_bytes(c.x, c.xs, random), w = random_bytes(c.w, c.ws, random);
    Tensor xz = c.x_zero ? random_bytes(c.x, {}, random) : Tensor(),
           wz = c.w_zero ? random_bytes(c.w, {c.ws[0]}, random) : Tensor();
    std::vector<Tensor> inputs = {x, w, xz, wz};
    while (!inputs.back().defined()) inputs.pop_back();
    auto y = run_card("ConvInteger", inputs,
                      {{"pads", c.pads}, {"strides", c.strides}, {"dilations", c.dilations}, {"group", c.group}});
    ASSERT_TRUE(y.ok()) << y.status().message();
    const Shape& ys = (*y)[0].shape();
    std::vector<int64_t> xv = numbers(x), wv = numbers(w), xzv = numbers(xz), wzv = numbers(wz), yv = numbers((*y)[0]);
    size_t at = 0;
    for (int64_t n = 0; n < ys[0]; ++n) {
      for (int64_t o = 0; o < ys[1]; ++o) {
        for (int64_t h = 0; h < ys[2]; ++h) {
          for (int64_t v = 0; v < ys[3]; ++v, ++at) {
            int64_t sum = 0, first = o / (c.ws[0] / c.group) * c.ws[1];
            for (int64_t i = 0; i < c.ws[1] * c.ws[2] * c.ws[3]; ++i) {
              int64_t ch = i / (c.ws[2] * c.ws[3]);
              int64_t ih = h * c.strides[0] - c.pads[0] + i / c.ws[3] % c.ws[2] * c.dilations[0];
              int64_t iv = v * c.strides[1] - c.pads[1] + i % c.ws[3] * c.dilations[1];
              if (ih < 0 || iv < 0 || ih >= c.xs[2] || iv >= c.xs[3]) continue;
              int64_t xi = ((n * c.xs[1] + first + ch) * c.xs[2] + ih) * c.xs[3] + iv;
              sum += (xv[static_cast<size_t>(xi)] - xzv[0]) *
                     (wv[static_cast<size_t>(o * c.ws[1] * c.ws[2] * c.ws[3] + i)] -
                      wzv[wzv.size() > 1 ? static_cast<size_t>(o) : 0]);
            }
            ASSERT_EQ(yv[at], sum) << to_string(x.type()) << " " << to_string(w.type()) << " at " << at;
          }
        }
      }
    }
  }
}

TEST(QLinearConv, AddsTheBiasInAccumulatorUnits) {
  auto y = run_card("QLinearConv",
                    {Tensor::of<uint8_t>({1, 1, 1, 2}, {130, 126}), Tensor::scalar(0.5f), Tensor::scalar<uint8_t>(128),
                     Tensor::of<int8_t>({1, 1, 1, 1}, {3}), Tensor::scalar(2.f), Tensor::scalar<int8_t>(0),
                     Tensor::scalar(1.f), Tensor::scalar<uint8_t>(100), Tensor::of<int32_t>({1}, {10})});
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_EQ(to_string((*y)[0]), "uint8[1, 1, 1, 2] [[[[116, 104]]]]");
}

}  // namespace
}  // namespace slipway::ops
