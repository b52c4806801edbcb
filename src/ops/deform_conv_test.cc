// DeformConv: ONNX's own example, and what it is without offsets.
#include <gtest/gtest.h>

#include "base/random.h"
#include "support/run_card.h"

namespace slipway::ops {
namespace {

using Ints = std::vector<int64_t>;

Tensor random(Shape shape, uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.uniform() * 2 - 1);
  return t;
}

TEST(DeformConv, MovesTaps) {
  Tensor x = Tensor::of<float>({1, 1, 3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8});
  Tensor ones = Tensor::of<float>({1, 1, 2, 2}, {1, 1, 1, 1});
  Tensor offset(DType::f32, {1, 8, 4, 4});
  offset.mutable_data<float>()[0] = 0.5f;                     // down of tap [0, 0] at output [0, 0]
  offset.mutable_data<float>()[(5 * 4 + 1) * 4 + 2] = -0.1f;  // right of tap [1, 0] at output [1, 2]
  EXPECT_EQ(card_text("DeformConv", {x, ones, offset}, {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{1, 1, 1, 1}}}),
            "float32[1, 1, 4, 4] [[[[0, 1, 3, 2], [3, 8, 11.9, 7], [9, 20, 24, 13], [6, 13, 15, 8]]]]");
  Tensor mask = Tensor::of<float>({1, 4, 2, 2}, std::vector<float>(16, 0.5f));
  EXPECT_EQ(card_text("DeformConv", {x, ones, Tensor(DType::f32, {1, 8, 2, 2}), Tensor::of<float>({1}, {100}), mask}),
            "float32[1, 1, 2, 2] [[[[104, 106], [110, 112]]]]");
}

TEST(DeformConv, WithoutOffsetsIsConv) {
  Tensor x = random({2, 4, 7, 6}, 1), w = random({6, 2, 3, 2}, 2), b = random({6}, 3);
  const Attributes window = {
      {"group", int64_t{2}}, {"strides", Ints{2, 1}}, {"dilations", Ints{1, 2}}, {"pads", Ints{1, 0, 2, 1}}};
  Result<std::vector<Tensor>> expected = run_card("Conv", {x, w, b}, window);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  Attributes deform = window;
  deform.set("offset_group", int64_t{2});
  const Shape& y = (*expected)[0].shape();
  Result<std::vector<Tensor>> found =
      run_card("DeformConv", {x, w, Tensor(DType::f32, {2, 24, y[2], y[3]}), b}, deform);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(compare((*found)[0], (*expected)[0], 1e-5, 1e-5)->outside, 0);
}

TEST(DeformConv, RefusesWhatDoesNotFit) {
  Tensor x(DType::f32, {1, 3, 3, 3}), w(DType::f32, {1, 3, 2, 2});
  EXPECT_EQ(card_text("DeformConv", {x, w, Tensor(DType::f32, {1, 8, 2, 3})}),
            "DeformConv node (unnamed): offset is [1, 8, 2, 3]; expected [1, 8, 2, 2]");
  EXPECT_EQ(card_text("DeformConv", {x, w, Tensor(DType::f32, {1, 8, 2, 2})}, {{"offset_group", int64_t{2}}}),
            "DeformConv node (unnamed): offset_group is 2 for 3 channels; expected a divisor");
}

}  // namespace
}  // namespace slipway::ops
