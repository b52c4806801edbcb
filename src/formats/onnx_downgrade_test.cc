// Graphs written at older opsets: the nodes as ONNX text, the checker, and the way back.
#include "formats/onnx_downgrade.h"

#include <gtest/gtest.h>

#include "support/onnx_text.h"

namespace slipway {
namespace {

struct Case {
  const char* name;
  const char* graph;  // at opset 21
  int opset;
  const char* expected;  // nodes as written
};

class OnnxDowngrade : public ::testing::TestWithParam<Case> {};

TEST_P(OnnxDowngrade, WritesWhatTheOpsetKnows) {
  Result<Graph> graph = read_onnx(testing::onnx_bytes(21, GetParam().graph));
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  WriteOptions options;
  options.opset = GetParam().opset;
  Result<std::string> bytes = write_onnx(*graph, options);
  ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
  EXPECT_EQ(testing::node_lines(testing::parsed(*bytes).graph()), GetParam().expected);
  if (options.opset <= 17) {
    EXPECT_EQ(testing::checker_complaint(*bytes), "");
  }
  Result<Graph> back = read_onnx(*bytes);
  EXPECT_TRUE(back.ok()) << back.status().to_string();
}

constexpr Case kCases[] = {
    {"ReduceMean_17", "g (float[2, 3] x) => (float[2] y) <int64[1] a = {1}> { y = ReduceMean<keepdims = 0>(x, a) }", 17,
     "y = ReduceMean<keepdims = 0, axes = [1]>(x)\n"},
    {"ReduceMean_18", "g (float[2, 3] x) => (float[2] y) <int64[1] a = {1}> { y = ReduceMean<keepdims = 0>(x, a) }", 18,
     "y = ReduceMean<keepdims = 0>(x, a)\n"},
    {"ReduceSum_13", "g (float[2, 3] x) => (float[2, 1] y) <int64[1] a = {1}> { y = ReduceSum(x, a) }", 13,
     "y = ReduceSum(x, a)\n"},
    {"ReduceSum_12", "g (float[2, 3] x) => (float[2, 1] y) <int64[1] a = {-1}> { y = ReduceSum(x, a) }", 12,
     "y = ReduceSum<axes = [-1]>(x)\n"},
    {"ReduceSum_9", "g (float[2, 3] x) => (float[2, 1] y) <int64[1] a = {-1}> { y = ReduceSum(x, a) }", 9,
     "y = ReduceSum<axes = [1]>(x)\n"},
    {"ReduceMax_noop", "g (float[2] x) => (float[2] y) { y = ReduceMax<noop_with_empty_axes = 1>(x) }", 17,
     "y = Identity(x)\n"},
    {"ReduceSumSquare_noop", "g (float[2] x) => (float[2] y) { y = ReduceSumSquare<noop_with_empty_axes = 1>(x) }", 13,
     "y = Mul(x, x)\n"},
    {"ReduceLogSum_noop", "g (float[2] x) => (float[2] y) { y = ReduceLogSum<noop_with_empty_axes = 1>(x) }", 13,
     "y = Log(x)\n"},
    {"ReduceL1_noop", "g (float[2] x) => (float[2] y) { y = ReduceL1<noop_with_empty_axes = 1>(x) }", 13,
     "y = Abs(x)\n"},
    {"ReduceL2_noop", "g (float[2] x) => (float[2] y) { y = ReduceL2<noop_with_empty_axes = 1>(x) }", 17,
     "y = Abs(x)\n"},
    {"ReduceLogSumExp_noop", "g (float[2] x) => (float[2] y) { y = ReduceLogSumExp<noop_with_empty_axes = 1>(x) }", 13,
     "y = Identity(x)\n"},
    {"Split_13_unknown",
     "g (float[n] x) => (float[a] a, float[b] b, float[c] c) { a, b, c = Split<num_outputs = 3>(x) }", 13,
     "Split/Shape = Shape(x)\nSplit/Gather = Gather<axis = 0>(Split/Shape, Split/ints)\n"
     "Split/Add = Add(Split/Gather, Split/ints_7)\nSplit/Div = Div(Split/Add, Split/ints_9)\n"
     "Split/Mul = Mul(Split/Div, Split/ints_11)\nSplit/Sub = Sub(Split/Gather, Split/Mul)\n"
     "Split/Concat = Concat<axis = 0>(Split/Div, Split/Div, Split/Sub)\na, b, c = Split(x, Split/Concat)\n"},
    {"Resize_17_axes",
     "g (float[n, 2, 3, 4] x) => (float[n, 2, 6, 8] y) <int64[2] s = {6, 8}> { y = Resize<axes = [2, 3]>(x, , , s) }",
     17,
     "Resize/Shape = Shape(x)\nResize/Gather = Gather<axis = 0>(Resize/Shape, Resize/ints)\n"
     "Resize/Gather_7 = Gather<axis = 0>(Resize/Shape, Resize/ints_6)\n"
     "Resize/Gather_9 = Gather<axis = 0>(s, Resize/ints_8)\nResize/Gather_11 = Gather<axis = 0>(s, Resize/ints_10)\n"
     "Resize/Concat = Concat<axis = 0>(Resize/Gather, Resize/Gather_7, Resize/Gather_9, Resize/Gather_11)\n"
     "y = Resize(x, , , Resize/Concat)\n"},
    {"Split_17_even", "g (float[4] x) => (float[2] a, float[2] b) { a, b = Split<num_outputs = 2>(x) }", 17,
     "a, b = Split(x)\n"},
    {"Split_17_uneven", "g (float[5] x) => (float[3] a, float[2] b) { a, b = Split<num_outputs = 2>(x) }", 17,
     "a, b = Split(x, Split/ints)\n"},
    {"Split_11", "g (float[5] x) => (float[3] a, float[2] b) { a, b = Split<num_outputs = 2>(x) }", 11,
     "a, b = Split<split = [3, 2]>(x)\n"},
    {"Gelu_17", "g (float[2] x) => (float[2] y) { y = Gelu(x) }", 17,
     "Gelu/Mul = Mul(x, Gelu/scalar)\nGelu/Erf = Erf(Gelu/Mul)\nGelu/Add = Add(Gelu/Erf, Gelu/scalar_5)\n"
     "Gelu/Mul_8 = Mul(x, Gelu/scalar_7)\ny = Mul(Gelu/Mul_8, Gelu/Add)\n"},
    {"HardSwish_13", "g (float[2] x) => (float[2] y) { y = HardSwish(x) }", 13,
     "HardSwish/HardSigmoid = HardSigmoid<alpha = 0.166667, beta = 0.5>(x)\ny = Mul(x, HardSwish/HardSigmoid)\n"},
    {"LayerNormalization_16",
     "g (float[2, 3] x, float[3] s, float[3] b) => (float[2, 3] y) { y = LayerNormalization(x, s, b) }", 16,
     "LayerNormalization/ReduceMean = ReduceMean<axes = [-1]>(x)\n"
     "LayerNormalization/Sub = Sub(x, LayerNormalization/ReduceMean)\n"
     "LayerNormalization/Mul = Mul(LayerNormalization/Sub, LayerNormalization/Sub)\n"
     "LayerNormalization/ReduceMean_7 = ReduceMean<axes = [-1]>(LayerNormalization/Mul)\n"
     "LayerNormalization/Add = Add(LayerNormalization/ReduceMean_7, LayerNormalization/scalar)\n"
     "LayerNormalization/Sqrt = Sqrt(LayerNormalization/Add)\n"
     "LayerNormalization/Div = Div(LayerNormalization/Sub, LayerNormalization/Sqrt)\n"
     "LayerNormalization/Mul_12 = Mul(LayerNormalization/Div, s)\n"
     "y = Add(LayerNormalization/Mul_12, b)\n"},
    {"Shape_14", "g (float[2, 3] x) => (int64[1] y) { y = Shape<start = 1>(x) }", 14,
     "Shape/Shape = Shape(x)\ny = Slice(Shape/Shape, Shape/ints, Shape/ints_4, Shape/ints_5)\n"},
    {"Softmax_12_middle", "g (float[2, 3, 4] x) => (float[2, 3, 4] y) { y = Softmax<axis = 1>(x) }", 12,
     "Softmax/Transpose = Transpose<perm = [0, 2, 1]>(x)\nSoftmax/Softmax = Softmax<axis = 2>(Softmax/Transpose)\n"
     "y = Transpose<perm = [0, 2, 1]>(Softmax/Softmax)\n"},
    {"Softmax_9", "g (float[2, 3] x) => (float[2, 3] y) { y = Softmax(x) }", 9, "y = Softmax<axis = 1>(x)\n"},
    {"Clip_10", "g (float[2] x) => (float[2] y) <float h = {6.0}> { y = Clip(x, , h) }", 10, "y = Clip<max = 6>(x)\n"},
    {"Pad_17_axes",
     "g (float[2, 2] x) => (float[2, 4] y) <int64[2] p = {1, 1}, int64[1] a = {-1}> { y = Pad(x, p, , a) }", 17,
     "y = Pad(x, Pad/ints)\n"},
    {"Pad_10", "g (float[2] x) => (float[4] y) <int64[2] p = {1, 1}, float v = {5.0}> { y = Pad(x, p, v) }", 10,
     "y = Pad<pads = [1, 1], value = 5>(x)\n"},
    {"Dropout_11", "g (float[2] x) => (float[2] y) <float r = {0.25}> { y = Dropout(x, r) }", 11,
     "y = Dropout<ratio = 0.25>(x)\n"},
    {"Slice_9",
     "g (float[4, 4] x) => (float[4, 2] y) <int64[1] s = {1}, int64[1] e = {3}, int64[1] a = {-1}> { y = Slice(x, s, "
     "e, "
     "a) }",
     9, "y = Slice<starts = [1], ends = [3], axes = [1]>(x)\n"},
    {"Unsqueeze_9", "g (float[4] x) => (float[4, 1] y) <int64[1] a = {-1}> { y = Unsqueeze(x, a) }", 9,
     "y = Unsqueeze<axes = [1]>(x)\n"},
    {"GreaterOrEqual_11", "g (float[2] x, float[2] z) => (bool[2] y) { y = GreaterOrEqual(x, z) }", 11,
     "GreaterOrEqual/Greater = Greater(x, z)\nGreaterOrEqual/Equal = Equal(x, z)\n"
     "y = Or(GreaterOrEqual/Greater, GreaterOrEqual/Equal)\n"},
    {"QuantizeLinear_17",
     "g (float[2] x) => (uint8[2] y) <float s = {0.5}, uint8 z = {3}> { y = QuantizeLinear<saturate = 1, block_size = "
     "0>(x, s, z) }",
     17, "y = QuantizeLinear(x, s, z)\n"},
};

INSTANTIATE_TEST_SUITE_P(Rules, OnnxDowngrade, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

class OnnxDowngradeRefusal : public ::testing::TestWithParam<Case> {};

TEST_P(OnnxDowngradeRefusal, NamesNodeOperatorAndReason) {
  Result<Graph> graph = read_onnx(testing::onnx_bytes(21, GetParam().graph));
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  WriteOptions options;
  options.opset = GetParam().opset;
  Result<std::string> bytes = write_onnx(*graph, options);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.status().code(), Code::unimplemented);
  EXPECT_NE(bytes.status().message().find(GetParam().expected), std::string::npos) << bytes.status().to_string();
}

constexpr Case kRefusals[] = {
    {"ComputedAxes", "g (float[2, 3] x, int64[1] a) => (float[2, 1] y) { y = ReduceMean(x, a) }", 17,
     "ReduceMean node (unnamed): its axes are computed by the model"},
    {"TooNewOperator", "g (float[2, 2] x) => (float[2, 2] y) { y = Trilu(x) }", 13,
     "Trilu node (unnamed): opset 13 has no such operator"},
    {"UnknownAttribute", "g (float[2, 2] x) => (int64[1, 2] y) { y = ArgMax<select_last_index = 1>(x) }", 11,
     "opset 11 does not know its attribute \"select_last_index\""},
    {"InputType", "g (bfloat16[2] x) => (bfloat16[2] y) { y = Relu(x) }", 12, "input 0 is bfloat16"},
    {"PerChannel",
     "g (float[2, 2] x) => (uint8[2, 2] y) <float[2] s = {0.5, 0.5}, uint8[2] z = {3, 3}> { y = QuantizeLinear(x, s, "
     "z) }",
     12, "scale per channel"},
    {"NewerAttributeThanLibonnx", "g (float[2] x) => (float16[2] y) { y = Cast<to = 10, saturate = 0>(x) }", 18,
     "opset 18 does not know its attribute \"saturate\""},
    {"SplitOfUnknownLength", "g (float[n] x) => (float[a] a, float[b] b) { a, b = Split<num_outputs = 2>(x) }", 11,
     "before opset 13 the sizes of its parts are fixed"},
    {"UpsampleThatShrinks",
     "g (float[1, 1, 4, 4] x) => (float[1, 1, 2, 2] y) <float[4] s = {1.0, 1.0, 0.6, 0.6}> { y = Resize<"
     "coordinate_transformation_mode = \"asymmetric\", nearest_mode = \"floor\">(x, , s) }",
     9, "only enlarges"},
};

INSTANTIATE_TEST_SUITE_P(Rules, OnnxDowngradeRefusal, ::testing::ValuesIn(kRefusals),
                         [](const auto& info) { return std::string(info.param.name); });

// Loop of opset 9 carries one value at least.
TEST(OnnxDowngrade, ALoopWithoutCarriedValuesCameWithOpset11) {
  std::string body = "body (int64 i, bool c) => (bool d, float[1] s) { d = Identity(c) s = Identity(w) }";
  Result<Graph> graph = read_onnx(testing::onnx_bytes(
      13, "g (int64 n, bool c, float[1] w) => (float[k, 1] y) { y = Loop<body = " + body + ">(n, c) }"));
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  WriteOptions options;
  options.opset = 11;
  EXPECT_TRUE(write_onnx(*graph, options).ok());
  options.opset = 9;
  Status status = write_onnx(*graph, options).status();
  EXPECT_EQ(status.code(), Code::unimplemented);
  EXPECT_NE(status.message().find("opset 9 wants at least 3"), std::string::npos) << status.to_string();
}

TEST(OnnxDowngrade, RefusesWhatExistsOnlyInside) {
  Graph graph;
  ValueId x = graph.add_input("x", DType::f32, Dims{2});
  ValueId y = graph.add_value("y", DType::f32, Dims{2});
  Node node;
  node.name = "fused";
  node.op_type = "FusedThing";
  node.domain = "slipway";
  node.inputs = {x};
  node.outputs = {y};
  graph.add_node(node);
  graph.outputs = {y};
  Status status = write_onnx(graph).status();
  EXPECT_EQ(status.code(), Code::unimplemented);
  EXPECT_NE(status.message().find("slipway.FusedThing node \"fused\""), std::string::npos) << status.to_string();
}

}  // namespace
}  // namespace slipway
