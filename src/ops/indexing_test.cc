// Cards that gather, scatter, pad, order and make tensors: literal tables.
#include <cmath>

#include <gtest/gtest.h>

#include "support/run_card.h"

namespace slipway::ops {
namespace {

using Ints = std::vector<int64_t>;

Tensor ints(const Ints& values) { return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values); }

Tensor count_up(Shape shape) {
  Tensor t(DType::f32, shape);
  for (size_t i = 0; i < t.data<float>().size(); ++i) t.mutable_data<float>()[i] = static_cast<float>(i);
  return t;
}

std::string all_outputs(std::string_view op, const std::vector<Tensor>& inputs, int outputs,
                        Attributes attributes = {}) {
  Result<std::vector<Tensor>> result = run_card(op, inputs, std::move(attributes), outputs);
  if (!result.ok()) return result.status().message();
  std::string text;
  for (const Tensor& t : *result) text += to_string(t) + "; ";
  return text;
}

TEST(GatherElements, ReadsAndScatterElementsWrites) {
  Tensor places = Tensor::of<int64_t>({2, 2}, {2, 0, -1, 1});
  EXPECT_EQ(card_text("GatherElements", {count_up({3, 2}), places}), "float32[2, 2] [[4, 1], [4, 3]]");
  Tensor updates = Tensor::of<float>({2, 2}, {10, 20, 30, 40});
  EXPECT_EQ(card_text("ScatterElements", {count_up({3, 2}), places, updates}),
            "float32[3, 2] [[0, 20], [2, 40], [30, 5]]");
  EXPECT_EQ(card_text("ScatterElements", {count_up({3, 2}), places, updates}, {{"reduction", "add"}}),
            "float32[3, 2] [[0, 21], [2, 43], [44, 5]]");
  EXPECT_EQ(card_text("ScatterElements", {count_up({3, 2}), places, updates}, {{"reduction", "most"}}),
            "ScatterElements node (unnamed): reduction is \"most\"; expected none, add, mul, min or max");
}

TEST(TensorScatter, WritesWhereEachItemOfTheBatchIs) {
  Tensor cache(DType::f32, {2, 4}), update = Tensor::of<float>({2, 2}, {1, 2, 3, 4});
  auto text = [&](const Tensor& indices, const char* mode, int64_t axis = 1) {
    return card_text("TensorScatter", {cache, update, indices}, {{"mode", std::string(mode)}, {"axis", axis}});
  };
  EXPECT_EQ(text({}, "linear"), "float32[2, 4] [[1, 2, 0, 0], [3, 4, 0, 0]]");
  EXPECT_EQ(text(ints({1, 2}), "linear"), "float32[2, 4] [[0, 1, 2, 0], [0, 0, 3, 4]]");
  EXPECT_EQ(text(ints({3, 6}), "circular"), "float32[2, 4] [[2, 0, 0, 1], [0, 0, 3, 4]]");
  EXPECT_EQ(text(ints({-1, -8}), "circular"), "float32[2, 4] [[2, 0, 0, 1], [3, 4, 0, 0]]");
  EXPECT_EQ(text(ints({1, 3}), "linear"),
            "TensorScatter node (unnamed): write_indices 3 (element 1) is outside [0, 3)");
  EXPECT_EQ(text(ints({0, 0}), "round"),
            "TensorScatter node (unnamed): mode is \"round\"; expected linear or circular");
  EXPECT_EQ(text(ints({0, 0}), "linear", 0),
            "TensorScatter node (unnamed): axis is that of the batch; expected one behind it");
  Tensor heads = Tensor::of<float>({1, 2, 1, 1}, {5, 6});
  EXPECT_EQ(card_text("TensorScatter", {Tensor(DType::f32, {1, 2, 2, 1}), heads, ints({1})}),
            "float32[1, 2, 2, 1] [[[[0], [5]], [[0], [6]]]]");
}

TEST(GatherNd, ReadsSlicesAndScatterNdWritesThem) {
  Tensor places = Tensor::of<int64_t>({2, 1}, {1, -3});
  EXPECT_EQ(card_text("GatherND", {count_up({3, 2}), places}), "float32[2, 2] [[2, 3], [0, 1]]");
  EXPECT_EQ(
      card_text("GatherND", {count_up({2, 3}), Tensor::of<int64_t>({2, 1}, {2, 0})}, {{"batch_dims", int64_t{1}}}),
      "float32[2] [2, 3]");
  EXPECT_EQ(card_text("ScatterND", {count_up({3, 2}), places, count_up({2, 2})}, {{"reduction", "max"}}),
            "float32[3, 2] [[2, 3], [2, 3], [4, 5]]");
}

// Numbers out of data that mean nothing where they stand: named with their range, never 0 and never dropped.
TEST(Gathers, NumbersOutsideTheirRangeAreNamed) {
  struct Case {
    const char* op;
    std::vector<Tensor> inputs;
    const char* expected;  // behind the node's name
    Attributes attributes = {};
    int outputs = 1;
    const char* domain = "";
  };
  const Tensor places = Tensor::of<int64_t>({2, 1}, {2, -9}), pairs = Tensor::of<int64_t>({1, 2}, {1, 2});
  const Tensor rows = count_up({3, 2}), sequence = count_up({3, 1, 2}), weights = count_up({1, 8, 2});
  const Tensor long_one = Tensor::of<int32_t>({1}, {4});
  const Attributes pool = {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}};
  const Case cases[] = {
      {"GatherND", {rows, places}, "index -9 (number 0 of tuple 1) is outside [-3, 3)"},
      {"GatherND", {rows, pairs}, "index 2 (number 1 of tuple 0) is outside [-2, 2)"},
      {"ScatterND", {rows, places, count_up({2, 2})}, "index -9 (number 0 of tuple 1) is outside [-3, 3)"},
      {"GatherElements", {rows, Tensor::of<int32_t>({1, 2}, {0, 3})}, "index 3 (element 1) is outside [-3, 3)"},
      {"ScatterElements",
       {rows, Tensor::of<int64_t>({1, 2}, {-4, 0}), count_up({1, 2})},
       "index -4 (element 0) is outside [-3, 3)",
       {{"reduction", "add"}}},
      {"GatherGrad", {count_up({1}), ints({9}), ints({3})}, "index 9 (element 0) is outside [-3, 3)", {}, 1, "slipway"},
      {"ReverseSequence", {sequence, Tensor::of<int64_t>({1}, {4})}, "sequence_lens holds 4; expected 0 to 3"},
      {"CumSum", {rows, Tensor::scalar<int64_t>(2)}, "axis 2 is outside [-2, 2) for a tensor of rank 2"},
      {"MaxUnpool",
       {count_up({1, 1, 1, 1}), Tensor::of<int64_t>({1, 1, 1, 1}, {4})},
       "index 4 (element 0) is outside [0, 4)",
       pool},
      {"RoiAlign",
       {count_up({1, 1, 2, 2}), Tensor::of<float>({1, 4}, {0, 0, 1, 1}), ints({1})},
       "batch_indices 1 (element 0) is outside [0, 1)"},
      {"RotaryEmbedding",
       {count_up({1, 1, 1, 2}), count_up({2, 1}), count_up({2, 1}), Tensor::of<int64_t>({1, 1}, {2})},
       "position_ids 2 (element 0) is outside [0, 2)"},
      {"LSTM", {sequence, weights, weights, Tensor(), long_one}, "sequence_lens 4 (element 0) is outside [0, 4)"},
      {"RNN",
       {sequence, count_up({1, 2, 2}), count_up({1, 2, 2}), Tensor(), Tensor::of<int32_t>({1}, {-1})},
       "sequence_lens -1 (element 0) is outside [0, 4)"},
      {"NegativeLogLikelihoodLoss", {rows, ints({0, 2, 1})}, "label 2 (element 1) is outside [0, 2)"},
      {"SoftmaxCrossEntropyLoss", {rows, ints({0, 1, -1})}, "label -1 (element 2) is outside [0, 2)"},
      {"SparseSoftmaxCrossEntropy", {rows, ints({0, 1, 5})}, "label 5 (element 2) is outside [0, 2)", {}, 3, "slipway"},
      {"CtcLoss",
       {count_up({1, 3, 2}), Tensor::of<int64_t>({1, 1}, {2})},
       "label 2 (element 0) is outside [0, 2)",
       {},
       2,
       "slipway"},
      {"ArrayFeatureExtractor", {rows, ints({2})}, "is outside [-2, 2)", {}, 1, "ai.onnx.ml"},
  };
  for (const Case& c : cases) {
    Result<std::vector<Tensor>> y = run_card(c.op, c.inputs, c.attributes, c.outputs, c.domain);
    ASSERT_FALSE(y.ok()) << c.op;
    EXPECT_EQ(y.status().code(), Code::invalid_argument) << c.op;
    EXPECT_NE(y.status().message().find(c.op), std::string::npos) << y.status().message();
    EXPECT_NE(y.status().message().find(c.expected), std::string::npos) << y.status().message();
  }
}

TEST(Gathers, AnIgnoredLabelMayBeAnything) {
  EXPECT_EQ(card_text("NegativeLogLikelihoodLoss", {count_up({2, 2}), ints({1, 9})}, {{"ignore_index", int64_t{9}}}),
            "float32[] -1");
}

TEST(Pad, KnowsFourModes) {
  auto mode = [](const char* name) { return Attributes{{"mode", name}}; };
  EXPECT_EQ(card_text("Pad", {count_up({3}), ints({2, 1}), Tensor::scalar(9.f)}), "float32[6] [9, 9, 0, 1, 2, 9]");
  EXPECT_EQ(card_text("Pad", {count_up({3}), ints({2, 1})}, mode("reflect")), "float32[6] [2, 1, 0, 1, 2, 1]");
  EXPECT_EQ(card_text("Pad", {count_up({3}), ints({2, 1})}, mode("edge")), "float32[6] [0, 0, 0, 1, 2, 2]");
  EXPECT_EQ(card_text("Pad", {count_up({3}), ints({2, 1})}, mode("wrap")), "float32[6] [1, 2, 0, 1, 2, 0]");
  EXPECT_EQ(card_text("Pad", {count_up({2, 3}), ints({-1, 1}), Tensor(), ints({-1})}),
            "float32[2, 3] [[1, 2, 0], [4, 5, 0]]");
  EXPECT_EQ(card_text("Pad", {count_up({3}), ints({-4, 0})}),
            "Pad node (unnamed): dimension 0 of [3] cannot be padded by -4 and 0");
  EXPECT_EQ(card_text("PadGrad", {count_up({6}), ints({3}), ints({2, 1})}, mode("reflect"), "slipway"),
            "float32[3] [2, 9, 4]");
}

TEST(Tile, Repeats) {
  EXPECT_EQ(card_text("Tile", {count_up({2, 2}), ints({1, 2})}), "float32[2, 4] [[0, 1, 0, 1], [2, 3, 2, 3]]");
  EXPECT_EQ(card_text("Tile", {count_up({1, 2}), ints({2, 1})}), "float32[2, 2] [[0, 1], [0, 1]]");
  EXPECT_EQ(card_text("Tile", {count_up({2}), ints({0})}), "float32[0] []");
}

TEST(Makers, FillCountAndMark) {
  EXPECT_EQ(card_text("ConstantOfShape", {ints({2})}, {{"value", Tensor::of<int32_t>({1}, {7})}}), "int32[2] [7, 7]");
  EXPECT_EQ(card_text("ConstantOfShape", {ints({-1})}),
            "ConstantOfShape node (unnamed): shape [-1] has a negative size");
  EXPECT_EQ(card_text("Range", {Tensor::scalar(1.f), Tensor::scalar(2.2f), Tensor::scalar(0.5f)}),
            "float32[3] [1, 1.5, 2]");
  EXPECT_EQ(card_text("Range", {Tensor::scalar<int32_t>(5), Tensor::scalar<int32_t>(1), Tensor::scalar<int32_t>(-3)}),
            "int32[2] [5, 2]");
  EXPECT_EQ(card_text("EyeLike", {count_up({2, 3})}, {{"k", int64_t{1}}, {"dtype", int64_t{7}}}),
            "int64[2, 3] [[0, 1, 0], [0, 0, 1]]");
  EXPECT_EQ(card_text("OneHot", {ints({1, -1, 5}), Tensor::scalar<int64_t>(3), Tensor::of<float>({2}, {0, 8})}),
            "float32[3, 3] [[0, 8, 0], [0, 0, 8], [0, 0, 0]]");
  EXPECT_EQ(card_text("OneHot", {ints({1, 0}), Tensor::scalar<int64_t>(2), Tensor::of<int32_t>({2}, {0, 1})},
                      {{"axis", int64_t{0}}}),
            "int32[2, 2] [[0, 1], [1, 0]]");
  EXPECT_EQ(card_text("Trilu", {count_up({2, 3})}), "float32[2, 3] [[0, 1, 2], [0, 4, 5]]");
  EXPECT_EQ(card_text("Trilu", {count_up({2, 3}), Tensor::scalar<int64_t>(-1)}, {{"upper", int64_t{0}}}),
            "float32[2, 3] [[0, 0, 0], [3, 0, 0]]");
}

TEST(DepthToSpace, AndBack) {
  EXPECT_EQ(card_text("DepthToSpace", {count_up({1, 8, 1, 1})}, {{"blocksize", int64_t{2}}}),
            "float32[1, 2, 2, 2] [[[[0, 2], [4, 6]], [[1, 3], [5, 7]]]]");
  EXPECT_EQ(card_text("DepthToSpace", {count_up({1, 8, 1, 1})}, {{"blocksize", int64_t{2}}, {"mode", "CRD"}}),
            "float32[1, 2, 2, 2] [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]");
  EXPECT_EQ(card_text("SpaceToDepth", {count_up({1, 1, 2, 4})}, {{"blocksize", int64_t{2}}}),
            "float32[1, 4, 1, 2] [[[[0, 2]], [[1, 3]], [[4, 6]], [[5, 7]]]]");
}

TEST(TopK, OrdersAndBreaksTiesByIndex) {
  Tensor x = Tensor::of<float>({2, 4}, {3, 1, 3, 2, 0, 5, 4, NAN});
  EXPECT_EQ(all_outputs("TopK", {x, ints({2})}, 2), "float32[2, 2] [[3, 3], [nan, 5]]; int64[2, 2] [[0, 2], [3, 1]]; ");
  EXPECT_EQ(all_outputs("TopK", {x, ints({1})}, 2, {{"axis", int64_t{0}}, {"largest", int64_t{0}}}),
            "float32[1, 4] [[0, 1, 3, 2]]; int64[1, 4] [[1, 0, 0, 0]]; ");
  EXPECT_EQ(card_text("TopK", {x, ints({5})}), "TopK node (unnamed): K is [5]; expected one number up to 4");
}

TEST(Unique, FindsDistinctElementsAndSlices) {
  EXPECT_EQ(all_outputs("Unique", {Tensor::of<float>({6}, {2, 1, 1, 3, 4, 3})}, 4, {{"sorted", int64_t{0}}}),
            "float32[4] [2, 1, 3, 4]; int64[4] [0, 1, 3, 4]; int64[6] [0, 1, 1, 2, 3, 2]; int64[4] [1, 2, 2, 1]; ");
  EXPECT_EQ(all_outputs("Unique", {Tensor::of<float>({3, 2}, {1, 0, 1, 0, 0, 4})}, 4, {{"axis", int64_t{0}}}),
            "float32[2, 2] [[0, 4], [1, 0]]; int64[2] [2, 0]; int64[3] [1, 1, 0]; int64[2] [1, 2]; ");
}

TEST(Selection, ByContents) {
  EXPECT_EQ(card_text("NonZero", {Tensor::of<float>({2, 2}, {1, 0, 1, 1})}), "int64[2, 3] [[0, 1, 1], [0, 0, 1]]");
  Tensor condition = Tensor::of<bool>({3}, {false, true, true});
  EXPECT_EQ(card_text("Compress", {count_up({3, 2}), condition}, {{"axis", int64_t{0}}}),
            "float32[2, 2] [[2, 3], [4, 5]]");
  EXPECT_EQ(card_text("Compress", {count_up({3, 2}), condition}), "float32[2] [1, 2]");
  EXPECT_EQ(card_text("ReverseSequence", {count_up({3, 2}), ints({3, 1})}), "float32[3, 2] [[4, 1], [2, 3], [0, 5]]");
}

TEST(Einsum, SpellsSumsOfProducts) {
  auto of = [](const char* equation) { return Attributes{{"equation", equation}}; };
  EXPECT_EQ(card_text("Einsum", {count_up({2, 3}), count_up({3, 2})}, of("ij,jk->ik")),
            "float32[2, 2] [[10, 13], [28, 40]]");
  EXPECT_EQ(card_text("Einsum", {count_up({2, 3}), count_up({3, 2})}, of("ij, jk -> ki")),
            "float32[2, 2] [[10, 28], [13, 40]]");
  EXPECT_EQ(card_text("Einsum", {count_up({2, 2, 3}), count_up({3, 1})}, of("...ij,jk")),
            "float32[2, 2, 1] [[[5], [14]], [[23], [32]]]");
  EXPECT_EQ(card_text("Einsum", {count_up({2, 2})}, of("ii->i")), "float32[2] [0, 3]");
  EXPECT_EQ(card_text("Einsum", {count_up({2, 2})}, of("ii")), "float32[] 3");
  EXPECT_EQ(card_text("Einsum", {count_up({2, 3})}, of("ij->ji")), "float32[3, 2] [[0, 3], [1, 4], [2, 5]]");
  EXPECT_EQ(
      card_text("Einsum", {count_up({2}).cast(DType::i64), count_up({2}).cast(DType::i64), ints({5})}, of("i,i,j->j")),
      "int64[1] [5]");
  EXPECT_EQ(card_text("Einsum", {count_up({2, 3})}, of("i->i")),
            "Einsum node (unnamed): equation term \"i\" does not fit input 0 of rank 2");
}

// 9 / 5 as float32 is a little less than 1.8, and five times it 9 only where the product is rounded to float32 as well.
TEST(Resize, SizesAreCountedInFloat32) {
  Tensor x(DType::f32, {5});
  EXPECT_EQ(card_text("Resize", {x, Tensor(), Tensor::of<float>({1}, {9.0f / 5})}),
            "float32[9] [0, 0, 0, 0, 0, 0, 0, 0, 0]");
}

TEST(Resize, InterpolatesBetweenElements) {
  Tensor x = Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4});
  Tensor twice = Tensor::of<float>({4}, {1, 1, 2, 2});
  EXPECT_EQ(card_text("Resize", {x, Tensor(), twice}),
            "float32[1, 1, 4, 4] [[[[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]]]");
  EXPECT_EQ(card_text("Resize", {x, Tensor(), Tensor::of<float>({4}, {1, 1, 1, 2})}, {{"mode", "linear"}}),
            "float32[1, 1, 2, 4] [[[[1, 1.25, 1.75, 2], [3, 3.25, 3.75, 4]]]]");
  EXPECT_EQ(card_text("Resize", {x, Tensor(), Tensor(), ints({1, 1, 1, 3})},
                      {{"mode", "linear"}, {"coordinate_transformation_mode", "align_corners"}}),
            "float32[1, 1, 1, 3] [[[[1, 1.5, 2]]]]");
  EXPECT_EQ(card_text("Resize", {Tensor::of<uint8_t>({2}, {7, 200}), Tensor(), Tensor(), ints({4})}),
            "uint8[4] [7, 7, 200, 200]");
  EXPECT_EQ(card_text("Resize", {x}), "Resize node (unnamed): scales and sizes: expected one of the two");
  EXPECT_EQ(card_text("Resize", {x, Tensor(), twice}, {{"mode", "square"}}),
            "Resize node (unnamed): mode is \"square\"; expected one of nearest, linear, cubic");
  EXPECT_EQ(card_text("ResizeGrad", {Tensor::of<float>({4}, {1, 2, 3, 4}), ints({2})}, {{"mode", "linear"}}, "slipway"),
            "float32[2] [3.25, 6.75]");
}

// The edge is repeated, as ONNX's resize_downsample_scales_linear_antialias has it; weights outside are dropped only
// where exclude_outside asks for it.
TEST(Resize, AntialiasingRepeatsTheEdge) {
  Tensor x = count_up({1, 1, 4, 4});
  for (float& value : x.mutable_data<float>()) value += 1;
  const Tensor scales = Tensor::of<float>({4}, {1, 1, 0.6f, 0.6f});
  Result<std::vector<Tensor>> y =
      run_card("Resize", {x, Tensor(), scales}, {{"mode", "linear"}, {"antialias", int64_t{1}}});
  ASSERT_TRUE(y.ok()) << y.status().message();
  const float expected[] = {2.875f, 4.5f, 9.375f, 11};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR((*y)[0].data<float>()[i], expected[i], 1e-5);
}

// ONNX Runtime's answers where the scale's float32 is not the decimal it means (0.6f > 3 / 5, 0.7f < 7 / 10).
TEST(Resize, NearestIsCountedInFloat32) {
  auto nearest = [](int64_t n, float scale, const char* where, const char* rounding) {
    return card_text("Resize", {count_up({n}), Tensor(), Tensor::of<float>({1}, {scale})},
                     {{"coordinate_transformation_mode", where}, {"nearest_mode", rounding}});
  };
  EXPECT_EQ(nearest(10, 0.6f, "asymmetric", "floor"), "float32[6] [0, 1, 3, 5, 6, 8]");
  EXPECT_EQ(nearest(10, 0.7f, "asymmetric", "ceil"), "float32[7] [0, 2, 3, 5, 6, 8, 9]");
  EXPECT_EQ(nearest(5, 1.2f, "asymmetric", "floor"), "float32[6] [0, 0, 1, 2, 3, 4]");
  EXPECT_EQ(nearest(10, 0.6f, "half_pixel", "floor"), "float32[6] [0, 2, 3, 5, 6, 8]");
  EXPECT_EQ(nearest(5, 2.2f, "half_pixel", "round_prefer_ceil"), "float32[11] [0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4]");
}

// One scale for all axes, the least that was asked: 2 x 4 into 1 x 3 keeps to 1/2, not to 1/2 and 3/4.
TEST(Resize, KeepsTheAspectRatioOfWhatItReads) {
  const Attributes keep = {{"mode", "linear"}, {"keep_aspect_ratio_policy", "not_larger"}};
  EXPECT_EQ(card_text("Resize", {count_up({2, 4}), Tensor(), Tensor(), ints({1, 3})}, keep),
            "float32[1, 2] [[2.5, 4.5]]");
  // 7 rounds to 5 by the scale 2/3, which is not 5/7: rows are read at (j + 1/2) 3/2 - 1/2.
  Result<std::vector<Tensor>> y = run_card("Resize", {count_up({3, 7}), Tensor(), Tensor(), ints({2, 6})}, keep);
  ASSERT_TRUE(y.ok()) << y.status().message();
  ASSERT_EQ((*y)[0].shape(), (Shape{2, 5}));
  const float expected[] = {0.25f, 1.75f, 3.25f, 4.75f, 6};
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR((*y)[0].data<float>()[i], 1.75f + expected[i], 1e-5);
}

TEST(Resize, CubicOvershootKeepsToTheTypesBounds) {
  EXPECT_EQ(card_text("Resize", {Tensor::of<uint8_t>({4}, {255, 255, 0, 0}), Tensor(), Tensor(), ints({8})},
                      {{"mode", "cubic"}}),
            "uint8[8] [255, 255, 255, 197, 58, 0, 0, 0]");
}

}  // namespace
}  // namespace slipway::ops
