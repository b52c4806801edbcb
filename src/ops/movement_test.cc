// Cards that move elements: literal tables.
#include <cmath>

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
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

TEST(Reshape, ZeroCopiesAndMinusOneTakesTheRest) {
  EXPECT_EQ(card_text("Reshape", {count_up({2, 3}), ints({-1})}), "float32[6] [0, 1, 2, 3, 4, 5]");
  EXPECT_EQ(card_text("Reshape", {count_up({2, 3}), ints({0, -1, 1})}),
            "float32[2, 3, 1] [[[0], [1], [2]], [[3], [4], [5]]]");
  EXPECT_EQ(card_text("Reshape", {Tensor(DType::f32, {0, 3}), ints({3, 0})}, {{"allowzero", int64_t{1}}}),
            "float32[3, 0] [[], [], []]");
  EXPECT_EQ(card_text("Reshape", {count_up({2, 3}), ints({4, -1})}),
            "Reshape node (unnamed): cannot reshape [2, 3]: 6 elements do not divide by 4 for the -1");
  EXPECT_EQ(card_text("Reshape", {count_up({2, 3}), ints({5})}),
            "Reshape node (unnamed): cannot reshape [2, 3] to [5]: 6 elements against 5");
}

TEST(Reshape, KeepsTheNameOfAnUnknownDimension) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("batch"), 3, 4});
  EXPECT_EQ(to_string(b.dims(b.op("Reshape", {x, b.ints({-1, 12})}))), "[batch, 12]");
  EXPECT_EQ(to_string(b.dims(b.op("Reshape", {x, b.ints({0, -1})}))), "[batch, 12]");
  EXPECT_EQ(to_string(b.dims(b.op("Reshape", {x, b.ints({-1, 6})}))), "[?, 6]");
  EXPECT_EQ(to_string(b.dims(b.op("Flatten", {x}))), "[batch, 12]");
  EXPECT_EQ(to_string(b.dims(b.op("Slice", {x, b.ints({0, 1}), b.ints({INT64_MAX, 3})}))), "[batch, 2, 4]");
}

TEST(Squeeze, DropsOnes) {
  EXPECT_EQ(card_text("Squeeze", {count_up({1, 2, 1})}), "float32[2] [0, 1]");
  EXPECT_EQ(card_text("Squeeze", {count_up({1, 2, 1}), ints({-1})}), "float32[1, 2] [[0, 1]]");
  EXPECT_EQ(card_text("Squeeze", {count_up({1, 2, 1}), ints({1})}),
            "Squeeze node (unnamed): axis 1 of [1, 2, 1] has size 2; only 1 can be squeezed");
  EXPECT_EQ(card_text("Unsqueeze", {count_up({2}), ints({0, -1})}), "float32[1, 2, 1] [[[0], [1]]]");
}

// It read behind the end of such a signal.
TEST(Stft, SignalsHaveOneOrTwoParts) {
  EXPECT_EQ(card_text("STFT", {Tensor(DType::f32, {1, 8, 0}), Tensor::of<int64_t>({}, {4}), count_up({4})}),
            "STFT node (unnamed): signal is [1, 8, 0]; expected [B, n, 1 or 2]");
}

TEST(Flatten, SplitsAtTheAxis) {
  EXPECT_EQ(card_text("Flatten", {count_up({2, 1, 2})}), "float32[2, 2] [[0, 1], [2, 3]]");
  EXPECT_EQ(card_text("Flatten", {count_up({2, 1, 2})}, {{"axis", int64_t{0}}}), "float32[1, 4] [[0, 1, 2, 3]]");
  EXPECT_EQ(card_text("Flatten", {count_up({2, 1, 2})}, {{"axis", int64_t{3}}}), "float32[4, 1] [[0], [1], [2], [3]]");
}

TEST(Constant, TakesAnyValueAttribute) {
  EXPECT_EQ(card_text("Constant", {}, {{"value_ints", Ints{1, 2}}}), "int64[2] [1, 2]");
  EXPECT_EQ(card_text("Constant", {}, {{"value_string", "a"}}), "string[] \"a\"");
  EXPECT_EQ(card_text("Constant", {}, {{"value_float", 0.5f}}), "float32[] 0.5");
  EXPECT_EQ(
      card_text("Constant", {}),
      "Constant node (unnamed): none of value, value_float(s), value_int(s), value_string(s) is set; expected one");
}

TEST(Transpose, PermutesEveryWidthAndSize) {
  EXPECT_EQ(card_text("Transpose", {count_up({2, 3})}), "float32[3, 2] [[0, 3], [1, 4], [2, 5]]");
  for (DType dtype : {DType::u8, DType::f16, DType::f32, DType::i64, DType::string}) {
    for (Shape shape : {Shape{2, 3, 4}, Shape{37, 41, 5}, Shape{5, 70, 1, 33}, Shape{0, 4, 2}}) {
      Tensor x = dtype == DType::string ? Tensor(dtype, shape) : count_up(shape).cast(dtype);
      Ints perm = {1, 2, 0};
      if (shape.size() == 4) perm.push_back(3);
      Result<std::vector<Tensor>> y = run_card("Transpose", {x}, {{"perm", perm}});
      ASSERT_TRUE(y.ok()) << y.status().message();
      if (dtype == DType::string) continue;
      std::vector<double> from = x.to_doubles();
      std::vector<double> to = (*y)[0].to_doubles();
      Shape stride = row_major_strides(x.shape());
      Shape out = row_major_strides((*y)[0].shape());
      for (int64_t i = 0; i < x.count(); ++i) {
        int64_t source = 0;
        for (size_t d = 0; d < perm.size(); ++d) {
          source += i / out[d] % (*y)[0].shape()[d] * stride[static_cast<size_t>(perm[d])];
        }
        ASSERT_EQ(to[static_cast<size_t>(i)], from[static_cast<size_t>(source)]) << dtype_name(dtype) << " " << i;
      }
    }
  }
  EXPECT_EQ(card_text("Transpose", {count_up({2, 3})}, {{"perm", Ints{0, 0}}}),
            "Transpose node (unnamed): perm [0, 0] is not a permutation of the 2 dimensions");
}

TEST(Concat, JoinsAndRefusesWhatDoesNotFit) {
  EXPECT_EQ(card_text("Concat", {count_up({2, 1}), count_up({2, 2})}, {{"axis", int64_t{-1}}}),
            "float32[2, 3] [[0, 0, 1], [1, 2, 3]]");
  EXPECT_EQ(card_text("Concat", {Tensor::of<std::string>({1}, {"a"}), Tensor::of<std::string>({1}, {"b"})},
                      {{"axis", int64_t{0}}}),
            "string[2] [\"a\", \"b\"]");
  EXPECT_EQ(card_text("Concat", {count_up({2, 1}), count_up({3, 2})}, {{"axis", int64_t{1}}}),
            "Concat node (unnamed): input 1 has shape [3, 2]; expected [2, 1] but for axis 1");
}

// Many short rows, which are put together a block at a time.
TEST(Concat, JoinsWhateverIsEmpty) {
  for (bool first : {true, false}) {
    const std::vector<Tensor> inputs = {count_up({first ? 0 : 3, 2}), count_up({first ? 3 : 0, 2})};
    EXPECT_EQ(card_text("Concat", inputs, {{"axis", int64_t{0}}}), "float32[3, 2] [[0, 1], [2, 3], [4, 5]]");
  }
  EXPECT_EQ(card_text("Concat", {ints({}), ints({1, 1})}, {{"axis", int64_t{0}}}), "int64[2] [1, 1]");
}

TEST(Concat, JoinsShortRows) {
  for (const Shape& widths : {Shape{1, 1, 1, 1, 1}, Shape{3, 5}, Shape{16, 24, 7}, Shape{60, 3}}) {
    constexpr int64_t kRows = 3000;
    std::vector<Tensor> inputs;
    int64_t all = 0;
    for (int64_t width : widths) {
      inputs.push_back(count_up({kRows, width}));
      all += width;
    }
    Result<std::vector<Tensor>> y = run_card("Concat", inputs, {{"axis", int64_t{1}}});
    ASSERT_TRUE(y.ok()) << y.status().message();
    for (int64_t row = 0; row < kRows; ++row) {
      int64_t at = row * all;
      for (int64_t width : widths) {
        for (int64_t i = 0; i < width; ++i, ++at) {
          ASSERT_EQ((*y)[0].data<float>()[static_cast<size_t>(at)], static_cast<float>(row * width + i)) << at;
        }
      }
    }
  }
}

TEST(Pad, LastDimensionsOfOne) {
  EXPECT_EQ(card_text("Pad", {count_up({2, 3, 1, 1}), ints({0, 1, 0, 0, 1, 2, 0, 0}), Tensor::scalar(9.f)}),
            card_text("Reshape", {Tensor::of<float>({18}, {9, 0, 1, 2, 9, 9, 9, 3, 4, 5, 9, 9, 9, 9, 9, 9, 9, 9}),
                                  ints({3, 6, 1, 1})}));
}

TEST(Split, CutsEvenlyOrAsTold) {
  Result<std::vector<Tensor>> parts = run_card("Split", {count_up({5})}, {{"num_outputs", int64_t{2}}}, 2);
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  EXPECT_EQ(to_string((*parts)[1]), "float32[2] [3, 4]");
  parts = run_card("Split", {count_up({2, 3}), ints({1, 2})}, {{"axis", int64_t{1}}}, 2);
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  EXPECT_EQ(to_string((*parts)[1]), "float32[2, 2] [[1, 2], [4, 5]]");
  EXPECT_EQ(card_text("Split", {count_up({5}), ints({4})}),
            "Split node (unnamed): split [4] does not cut a dimension of 5 into 1 parts");
}

TEST(Slice, FollowsNumPy) {
  struct Case {
    Ints starts, ends, axes, steps;
    const char* expected;
  };
  const Case cases[] = {
      {{1}, {3}, {0}, {1}, "float32[2, 3] [[3, 4, 5], [6, 7, 8]]"},
      {{-1}, {-100}, {0}, {-2}, "float32[2, 3] [[9, 10, 11], [3, 4, 5]]"},
      {{0}, {INT64_MAX}, {1}, {2}, "float32[4, 2] [[0, 2], [3, 5], [6, 8], [9, 11]]"},
      {{2}, {1}, {-1}, {1}, "float32[4, 0] [[], [], [], []]"},
      {{100}, {INT64_MIN}, {1}, {-3}, "float32[4, 1] [[2], [5], [8], [11]]"},
      {{0, 1}, {1, 2}, {1, 0}, {1, 1}, "float32[1, 1] [[3]]"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(card_text("Slice", {count_up({4, 3}), ints(c.starts), ints(c.ends), ints(c.axes), ints(c.steps)}),
              c.expected);
  }
  EXPECT_EQ(card_text("Slice", {count_up({4}), ints({0}), ints({1}), ints({0}), ints({0})}),
            "Slice node (unnamed): steps holds a 0; expected a positive or negative step");
}

TEST(SliceGrad, PutsBackWhereItWasRead) {
  EXPECT_EQ(
      card_text("SliceGrad", {count_up({2}), ints({5}), ints({-1}), ints({0}), ints({0}), ints({-2})}, {}, "slipway"),
      "float32[5] [0, 0, 1, 0, 0]");
}

TEST(Gather, TakesSlicesAlongTheAxis) {
  EXPECT_EQ(card_text("Gather", {count_up({3, 2}), Tensor::of<int32_t>({2}, {2, -3})}),
            "float32[2, 2] [[4, 5], [0, 1]]");
  EXPECT_EQ(card_text("Gather", {count_up({2, 3}), Tensor::of<int64_t>({1, 1}, {1})}, {{"axis", int64_t{1}}}),
            "float32[2, 1, 1] [[[1]], [[4]]]");
  EXPECT_EQ(card_text("Gather", {count_up({3}), Tensor::scalar<int64_t>(3)}),
            "Gather node (unnamed): index 3 is outside [-3, 3)");
  EXPECT_EQ(card_text("Gather", {count_up({3}), Tensor::scalar(0.f)}),
            "Gather node (unnamed): input 1 is float32; expected one of int64, int32");
  EXPECT_EQ(card_text("GatherGrad", {count_up({3, 1}), ints({1, 0, 1}), ints({3, 1})}, {}, "slipway"),
            "float32[3, 1] [[1], [2], [0]]");
}

TEST(Expand, RepeatsOnes) {
  EXPECT_EQ(card_text("Expand", {count_up({2, 1}), ints({2, 1, 3})}),
            "float32[2, 2, 3] [[[0, 0, 0], [1, 1, 1]], [[0, 0, 0], [1, 1, 1]]]");
}

TEST(Shape, CountsDimensionsBetweenStartAndEnd) {
  EXPECT_EQ(card_text("Shape", {count_up({2, 3, 4})}), "int64[3] [2, 3, 4]");
  EXPECT_EQ(card_text("Shape", {count_up({2, 3, 4})}, {{"start", int64_t{-2}}, {"end", int64_t{-1}}}), "int64[1] [3]");
  EXPECT_EQ(card_text("Shape", {count_up({2, 3, 4})}, {{"start", int64_t{3}}}), "int64[0] []");
  EXPECT_EQ(card_text("Size", {count_up({2, 3, 4})}), "int64[] 24");
}

TEST(Cast, TextThatIsNoNumberIsNamed) {
  auto error = [](const char* text, DType to) {
    return card_text("Cast", {Tensor::of<std::string>({2}, {"1", text})}, {{"to", static_cast<int64_t>(to)}});
  };
  EXPECT_EQ(error("abc", DType::f32), "Cast node (unnamed): \"abc\" (element 1) is no number");
  for (DType to : {DType::f16, DType::bf16, DType::f32, DType::f64, DType::i8, DType::i32, DType::i64, DType::u64,
                   DType::boolean}) {
    for (const char* text : {"", " ", "1,5", "0.5x", "--1"}) {
      EXPECT_NE(error(text, to).find("is no number"), std::string::npos) << '"' << text << "\" to " << dtype_name(to);
    }
  }
}

TEST(Cast, ConvertsAndSaturates) {
  auto to = [](DType dtype) { return Attributes{{"to", static_cast<int64_t>(dtype)}}; };
  Tensor x = Tensor::of<float>({4}, {-1.7f, 2.9f, 1e10f, NAN});
  EXPECT_EQ(card_text("Cast", {x}, to(DType::i32)), "int32[4] [-1, 2, 2147483647, 0]");
  EXPECT_EQ(card_text("Cast", {x}, to(DType::boolean)), "bool[4] [true, true, true, true]");
  EXPECT_EQ(card_text("Cast", {Tensor::of<float>({2}, {0.5f, 1})}, to(DType::string)), "string[2] [\"0.5\", \"1.0\"]");
  EXPECT_EQ(card_text("Cast", {Tensor::of<std::string>({2}, {"1e2", "-3"})}, to(DType::f16)), "float16[2] [100, -3]");
  EXPECT_EQ(card_text("Cast", {Tensor::of<std::string>({4}, {" 1.5 ", "inf", "-INF", "nan"})}, to(DType::f32)),
            "float32[4] [1.5, inf, -inf, nan]");
  EXPECT_EQ(card_text("Cast", {Tensor::of<std::string>({2}, {"9007199254740993", "3.9"})}, to(DType::i64)),
            "int64[2] [9007199254740993, 3]");
  EXPECT_EQ(card_text("Cast", {Tensor::of<int64_t>({1}, {-1})}, to(DType::u8)), "uint8[1] [255]");
  EXPECT_EQ(card_text("Cast", {x}, {{"to", int64_t{99}}}),
            "Cast node (unnamed): `to` is type number 99, which is not implemented");
  EXPECT_EQ(card_text("CastLike", {x, Tensor(DType::i8, {0})}), "int8[4] [-1, 2, 127, 0]");
}

}  // namespace
}  // namespace slipway::ops
