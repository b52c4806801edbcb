// 16-bit floats through float32, and parameters of normalizations that broadcast: literal tables.
#include "ops/widened.h"

#include <gtest/gtest.h>

#include "support/run_card.h"

namespace slipway::ops {
namespace {

using Ints = std::vector<int64_t>;

Tensor floats(Shape shape, const std::vector<float>& values) { return Tensor::of<float>(std::move(shape), values); }
Tensor halves(Shape shape, const std::vector<float>& values) {
  return floats(std::move(shape), values).cast(DType::f16);
}

// 2048 + 1 is no float16, and rounding after each of the sum's steps would lose every 1.
TEST(Widened, SumsAreRoundedOnce) {
  Tensor x = halves({1, 1, 5}, {2048, 1, 1, 1, 1}), ones = halves({1, 1, 5}, {1, 1, 1, 1, 1});
  EXPECT_EQ(card_text("Conv", {x, ones}), "float16[1, 1, 1] [[[2052]]]");
  EXPECT_EQ(card_text("Gemm", {x.reshaped({1, 5}), ones.reshaped({5, 1})}), "float16[1, 1] [[2052]]");
  EXPECT_EQ(card_text("MatMul", {x.reshaped({1, 5}), ones.reshaped({5, 1})}), "float16[1, 1] [[2052]]");
  EXPECT_EQ(card_text("MatMul", {x.reshaped({1, 5}).cast(DType::bf16), ones.reshaped({5, 1}).cast(DType::bf16)}),
            "bfloat16[1, 1] [[2048]]");
  EXPECT_EQ(card_text("GlobalAveragePool", {x}), "float16[1, 1, 1] [[[410.5]]]");
}

TEST(Widened, WhatIsTooLargeBecomesInfinityAtTheEndOnly) {
  Tensor x = halves({1, 1, 2}, {60000, 60000});
  EXPECT_EQ(card_text("Conv", {x, halves({1, 1, 2}, {1, 1})}), "float16[1, 1, 1] [[[inf]]]");
  EXPECT_EQ(card_text("Conv", {x, halves({1, 1, 2}, {1, -1})}), "float16[1, 1, 1] [[[0]]]");
  EXPECT_EQ(card_text("AveragePool", {x}, {{"kernel_shape", Ints{2}}}), "float16[1, 1, 1] [[[60000]]]");
}

// Outputs that are no 16-bit floats, omitted inputs and scratch of the kernel itself pass through.
TEST(Widened, LeavesOtherTypesAlone) {
  Result<std::vector<Tensor>> pooled =
      run_card("MaxPool", {halves({1, 1, 4}, {1, 5, 3, 4})}, {{"kernel_shape", Ints{2}}}, 2);
  ASSERT_TRUE(pooled.ok()) << pooled.status().message();
  EXPECT_EQ(to_string((*pooled)[0]), "float16[1, 1, 3] [[[5, 5, 4]]]");
  EXPECT_EQ(to_string((*pooled)[1]), "int64[1, 1, 3] [[[1, 1, 3]]]");
  Tensor one = halves({1, 1, 1, 1}, {2});
  EXPECT_EQ(card_text("Attention", {one, one, one}), "float16[1, 1, 1, 1] [[[[2]]]]");
  Tensor mask = Tensor::of<bool>({1, 1}, {true});
  EXPECT_EQ(card_text("Attention", {one, one, one, mask}), "float16[1, 1, 1, 1] [[[[2]]]]");
}

TEST(Range, SixteenBitFloatsStepInFloat32) {
  auto half = [](float x) { return Tensor::scalar(x).cast(DType::f16); };
  EXPECT_EQ(card_text("Range", {half(1), half(2), half(0.25f)}), "float16[4] [1, 1.25, 1.5, 1.75]");
  EXPECT_EQ(card_text("Range", {half(2046), half(2052), half(1)}), "float16[6] [2046, 2047, 2048, 2048, 2050, 2052]");
  EXPECT_EQ(card_text("Range", {half(3), half(1), half(1)}), "float16[0] []");
}

TEST(DequantizeLinear, HasTheTypeThatIsAskedFor) {
  Tensor x = Tensor::of<int8_t>({2}, {3, -4}), scale = Tensor::scalar(0.5f);
  EXPECT_EQ(card_text("DequantizeLinear", {x, scale}, {{"output_dtype", int64_t{10}}}), "float16[2] [1.5, -2]");
  EXPECT_EQ(card_text("DequantizeLinear", {x, scale.cast(DType::f16)}, {{"output_dtype", int64_t{1}}}),
            "float32[2] [1.5, -2]");
  EXPECT_EQ(card_text("DequantizeLinear", {x, scale}, {{"output_dtype", int64_t{7}}}),
            "DequantizeLinear node (unnamed): output_dtype is int64; expected float32, float16 or bfloat16");
}

// (x - mean) / deviation is -1, 1 in both rows.
TEST(LayerNormalization, ScaleAndBiasBroadcastToX) {
  const Attributes exact = {{"axis", int64_t{1}}, {"epsilon", 0.0f}};
  Tensor x = floats({2, 2}, {1, 3, 5, 7});
  auto text = [&](const Tensor& scale, const Tensor& bias = {}) {
    return card_text("LayerNormalization", bias.defined() ? std::vector{x, scale, bias} : std::vector{x, scale}, exact);
  };
  EXPECT_EQ(text(floats({}, {2})), "float32[2, 2] [[-2, 2], [-2, 2]]");
  EXPECT_EQ(text(floats({1}, {2}), floats({2}, {10, 20})), "float32[2, 2] [[8, 22], [8, 22]]");
  EXPECT_EQ(text(floats({2, 1}, {2, 3})), "float32[2, 2] [[-2, 2], [-3, 3]]");
  EXPECT_EQ(text(floats({2}, {2, 3}), floats({2, 2}, {1, 2, 3, 4})), "float32[2, 2] [[-1, 5], [1, 7]]");
  EXPECT_EQ(text(floats({3}, {1, 2, 3})), "scale is float32[3]; expected a shape that broadcasts to x [2, 2]");
}

// Of [1, 1] and [2, 2] the root of the mean square is 1 and 2.
TEST(RmsNormalization, ScaleBroadcastsToX) {
  const Attributes exact = {{"axis", int64_t{1}}, {"epsilon", 0.0f}};
  Tensor x = floats({2, 2}, {1, 1, 2, 2});
  EXPECT_EQ(card_text("RMSNormalization", {x, floats({1}, {3})}, exact), "float32[2, 2] [[3, 3], [3, 3]]");
  EXPECT_EQ(card_text("RMSNormalization", {x, floats({2, 1}, {3, 4})}, exact), "float32[2, 2] [[3, 3], [4, 4]]");
}

}  // namespace
}  // namespace slipway::ops
