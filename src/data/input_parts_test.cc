// Examples of models with several inputs: grouped columns, joined arrays.
#include "data/input_parts.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

// Two rows of a number, a category of two values and one that may be missing.
Dataset table() {
  Dataset data;
  data.name = "t.csv";
  data.inputs = Tensor::of<float>({2, 5}, {1, 0, 1, 7, 0, 2, 1, 0, 8, 1});
  data.labels = Tensor::of<int64_t>({2}, {0, 1});
  data.classes = {"no", "yes"};
  data.features = {"age", "city=Bern", "city=Thun", "pay", "pay missing"};
  data.scaling = {.scale = {1, 1, 1, 2, 1}, .offset = {0, 0, 0, 3, 0}};
  return data;
}

std::string names_of(const Dataset& data) {
  std::string text;
  for (const std::string& feature : data.features) text += feature + "|";
  return text;
}

TEST(InputParts, AColumnMeansAllItsFeatures) {
  Result<Dataset> grouped = with_inputs(table(), {{"who", {"city"}}, {"what", {"pay", "age"}}});
  ASSERT_TRUE(grouped.ok()) << grouped.status().message();
  EXPECT_EQ(names_of(*grouped), "city=Bern|city=Thun|pay|pay missing|age|");
  EXPECT_EQ(to_string(grouped->inputs.type()), "float32[2, 5]");
  std::span<const float> x = grouped->inputs.data<float>();
  EXPECT_EQ(std::vector<float>(x.begin(), x.end()), (std::vector<float>{0, 1, 7, 0, 1, 1, 0, 8, 1, 2}));
  EXPECT_EQ(grouped->scaling.scale, (std::vector<float>{1, 1, 2, 1, 1}));
  ASSERT_EQ(grouped->parts.size(), 2u);
  EXPECT_EQ(grouped->parts[0].shape, Shape{2});
  EXPECT_EQ(grouped->parts[1].shape, Shape{3});
  EXPECT_TRUE(check(*grouped).ok());
}

TEST(InputParts, WhatIsNoColumnIsSaid) {
  EXPECT_NE(with_inputs(table(), {{"who", {"town"}}})
                .status()
                .message()
                .find("t.csv: input \"who\": there is no column \"town\" among the features"),
            std::string::npos);
  Dataset images;
  images.name = "pictures";
  images.inputs = Tensor(DType::u8, {2, 1, 4, 4});
  EXPECT_NE(with_inputs(images, {{"a", {"b"}}}).status().message().find("pictures: data.inputs groups the columns"),
            std::string::npos);
  Result<Dataset> twice = with_inputs(table(), {{"a", {"age"}}, {"a", {"pay"}}});
  EXPECT_NE(check(*twice).message().find("two inputs are called \"a\""), std::string::npos);
}

TEST(InputParts, ArraysLieSideBySide) {
  Tensor image = Tensor::of<uint8_t>({2, 1, 2}, {1, 2, 3, 4}), place = Tensor::of<float>({2}, {0.5f, 0.25f});
  Result<JoinedArrays> joined = join_arrays({"image", "place"}, {image, place}, "d.npz");
  ASSERT_TRUE(joined.ok()) << joined.status().message();
  std::span<const float> x = joined->inputs.data<float>();
  EXPECT_EQ(std::vector<float>(x.begin(), x.end()), (std::vector<float>{1, 2, 0.5f, 3, 4, 0.25f}));
  EXPECT_EQ(joined->parts[0].shape, (Shape{1, 2}));
  EXPECT_EQ(joined->parts[1].shape, Shape{1});
  EXPECT_EQ(join_arrays({"image"}, {image}, "d.npz")->inputs.dtype(), DType::u8);
  Tensor longer(DType::f32, {3, 1});
  EXPECT_NE(join_arrays({"image", "place"}, {image, longer}, "d.npz")
                .status()
                .message()
                .find("d.npz: the arrays image and place have shapes [2, 1, 2] and [3, 1]"),
            std::string::npos);
}

}  // namespace
}  // namespace slipway
