// Every rule of the upgrade table on a model of the opset before it, as text.
#include "formats/onnx_upgrade.h"

#include <gtest/gtest.h>

#include "support/onnx_text.h"

namespace slipway {
namespace {

struct Case {
  const char* name;
  int opset;
  const char* graph;
  const char* expected;  // lines of to_text() between the inputs and the return, without types
};

// Node and constant lines without their types: declared types are not what these cases are about.
std::string body(const Graph& graph) {
  std::istringstream lines(to_text(graph));
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    bool constant = line.starts_with("  constant");
    if (!constant && line.find(" = ") == std::string::npos) continue;
    out += constant ? line.substr(2) : line.substr(2, line.rfind(" : ") - 2);
    out += "\n";
  }
  return out;
}

class OnnxUpgrade : public ::testing::TestWithParam<Case> {};

TEST_P(OnnxUpgrade, BecomesCanonical) {
  Result<Graph> graph = read_onnx(testing::onnx_bytes(GetParam().opset, GetParam().graph));
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  EXPECT_EQ(body(*graph), GetParam().expected);
}

constexpr Case kCases[] = {
    {"Pad_1", 1, "g (float[2] x) => (float[4] y) { y = Pad<paddings = [1, 1], mode = \"edge\">(x) }",
     "constant %Pad/ints : int64[2] [1, 1]\n%y = Pad(%x, %Pad/ints) {mode = \"edge\"}\n"},
    {"Concat_1", 3, "g (float[2, 2] x) => (float[2, 4] y) { y = Concat(x, x) }", "%y = Concat(%x, %x) {axis = 1}\n"},
    {"Reshape_4", 4, "g (float[6] x) => (float[2, 3] y) { y = Reshape<shape = [2, 3]>(x) }",
     "constant %Reshape/ints : int64[2] [2, 3]\n%y = Reshape(%x, %Reshape/ints)\n"},
    {"Cast_5", 5, "g (float[2] x) => (int64[2] y) { y = Cast<to = \"INT64\">(x) }", "%y = Cast(%x) {to = 7}\n"},
    {"ConsumedInputs", 5, "g (float[2] x) => (float[2] y) { y = Relu<consumed_inputs = [1]>(x) }", "%y = Relu(%x)\n"},
    {"Selu_5", 5, "g (float[2] x) => (float[2] y) { y = Selu(x) }", "%y = Selu(%x) {alpha = 1.6732, gamma = 1.0507}\n"},
    {"Add_6", 6,
     "g (float[1, 3, 4, 4] x, float[3] b) => (float[1, 3, 4, 4] y) { y = Add<broadcast = 1, axis = 1>(x, b) }",
     "constant %Add/Unsqueeze/ints : int64[2] [1, 2]\n%Add/Unsqueeze = Unsqueeze(%b, %Add/Unsqueeze/ints)\n%y = "
     "Add(%x, "
     "%Add/Unsqueeze)\n"},
    {"Add_6_suffix", 6, "g (float[2, 3] x, float[3] b) => (float[2, 3] y) { y = Add<broadcast = 1>(x, b) }",
     "%y = Add(%x, %b)\n"},
    {"PRelu_6", 6, "g (float[1, 3, 4] x, float[3] s) => (float[1, 3, 4] y) { y = PRelu(x, s) }",
     "constant %PRelu/Unsqueeze/ints : int64[1] [1]\n%PRelu/Unsqueeze = Unsqueeze(%s, %PRelu/Unsqueeze/ints)\n%y = "
     "PRelu(%x, "
     "%PRelu/Unsqueeze)\n"},
    {"Dropout_6", 6, "g (float[2] x) => (float[2] y) { y = Dropout<is_test = 1, ratio = 0.25>(x) }",
     "constant %Dropout/scalar : float32[] 0.25\n%y = Dropout(%x, %Dropout/scalar)\n"},
    {"Dropout_7_mask", 7, "g (float[2] x) => (float[2] y, float[2] m) { y, m = Dropout(x) }",
     "%y, %m/bool = Dropout(%x)\n%m = Cast(%m/bool) {to = 1}\n"},
    {"BatchNormalization_8_spatial", 8,
     "g (float[1, 2] x, float[2] s, float[2] b, float[2] m, float[2] v) => (float[1, 2] y) { y = "
     "BatchNormalization<spatial = 0, epsilon = 0.5>(x, s, b, m, v) }",
     "constant %BatchNormalization/scalar : float32[] 0.5\n"
     "%BatchNormalization/Add = Add(%v, %BatchNormalization/scalar)\n"
     "%BatchNormalization/Sqrt = Sqrt(%BatchNormalization/Add)\n"
     "%BatchNormalization/Sub = Sub(%x, %m)\n"
     "%BatchNormalization/Div = Div(%BatchNormalization/Sub, %BatchNormalization/Sqrt)\n"
     "%BatchNormalization/Mul = Mul(%BatchNormalization/Div, %s)\n"
     "%y = Add(%BatchNormalization/Mul, %b)\n"},
    {"Upsample_7", 7,
     "g (float[1, 1, 2, 2] x) => (float[1, 1, 4, 6] y) { y = Upsample<scales = [1.0, 1.0, 2.0, 3.0]>(x) }",
     "constant %Upsample/scales : float32[4] [1, 1, 2, 3]\n"
     "%y = Resize(%x, _, %Upsample/scales) {coordinate_transformation_mode = \"asymmetric\", nearest_mode = "
     "\"floor\"}\n"},
    {"Resize_10_down", 10,
     "g (float[1, 1, 2, 4] x) => (float[1, 1, 1, 2] y) { s = Constant<value_floats = [1.0, 1.0, 0.6, 0.6]>() "
     "y = Resize(x, s) }",
     "constant %s : float32[4] [1, 1, 0.6, 0.6]\n"
     "%y = Resize(%x, _, %s) {coordinate_transformation_mode = \"asymmetric\", nearest_mode = \"ceil\"}\n"},
    {"Slice_9", 9, "g (float[4, 4] x) => (float[2, 4] y) { y = Slice<starts = [1], ends = [3], axes = [0]>(x) }",
     "constant %Slice/ints : int64[1] [1]\nconstant %Slice/ints_3 : int64[1] [3]\nconstant %Slice/ints_4 : int64[1] "
     "[0]\n%y = Slice(%x, %Slice/ints, %Slice/ints_3, %Slice/ints_4)\n"},
    {"TopK_9", 9, "g (float[4] x) => (float[2] v, int64[2] i) { v, i = TopK<k = 2>(x) }",
     "constant %TopK/ints : int64[1] [2]\n%v, %i = TopK(%x, %TopK/ints)\n"},
    {"Clip_10", 10, "g (float[2] x) => (float[2] y) { y = Clip<max = 6.0>(x) }",
     "constant %Clip/scalar : float32[] 6\n%y = Clip(%x, _, %Clip/scalar)\n"},
    {"Clip_10_double", 10, "g (double[2] x) => (double[2] y) { y = Clip<min = -1.0>(x) }",
     "constant %Clip/scalar : float64[] -1\n%y = Clip(%x, %Clip/scalar)\n"},
    {"Pad_10", 10, "g (float[2] x) => (float[4] y) { y = Pad<pads = [1, 1], value = 5.0>(x) }",
     "constant %Pad/ints : int64[2] [1, 1]\nconstant %Pad/scalar : float32[] 5\n%y = Pad(%x, %Pad/ints, "
     "%Pad/scalar)\n"},
    {"Scatter_10", 10, "g (float[3] x, int64[1] i, float[1] u) => (float[3] y) { y = Scatter<axis = 0>(x, i, u) }",
     "%y = ScatterElements(%x, %i, %u) {axis = 0}\n"},
    {"Softmax_12_last", 12, "g (float[2, 3] x) => (float[2, 3] y) { y = Softmax(x) }",
     "%y = Softmax(%x) {axis = -1}\n"},
    {"Softmax_12_rows", 12, "g (float[2, 3, 4] x) => (float[2, 3, 4] y) { y = Softmax<axis = 1>(x) }",
     "constant %Softmax/ints : int64[3] [2, 3, 4]\n%Softmax/Flatten = Flatten(%x) {axis = 1}\n"
     "%Softmax/Softmax = Softmax(%Softmax/Flatten) {axis = -1}\n%y = Reshape(%Softmax/Softmax, %Softmax/ints)\n"},
    {"LogSoftmax_11_symbolic", 11, "g (float[N, 3, 4] x) => (float[N, 3, 4] y) { y = LogSoftmax(x) }",
     "%LogSoftmax/Shape = Shape(%x)\n%LogSoftmax/Flatten = Flatten(%x) {axis = 1}\n"
     "%LogSoftmax/LogSoftmax = LogSoftmax(%LogSoftmax/Flatten) {axis = -1}\n"
     "%y = Reshape(%LogSoftmax/LogSoftmax, %LogSoftmax/Shape)\n"},
    {"Softmax_13_stays", 13, "g (float[2, 3, 4] x) => (float[2, 3, 4] y) { y = Softmax<axis = 1>(x) }",
     "%y = Softmax(%x) {axis = 1}\n"},
    {"Squeeze_11", 11, "g (float[1, 2] x) => (float[2] y) { y = Squeeze<axes = [0]>(x) }",
     "constant %Squeeze/ints : int64[1] [0]\n%y = Squeeze(%x, %Squeeze/ints)\n"},
    {"ReduceSum_12", 12, "g (float[2, 3] x) => (float[2] y) { y = ReduceSum<axes = [1], keepdims = 0>(x) }",
     "constant %ReduceSum/ints : int64[1] [1]\n%y = ReduceSum(%x, %ReduceSum/ints) {keepdims = 0}\n"},
    {"ReduceMean_17", 17, "g (float[2, 3] x) => (float[2] y) { y = ReduceMean<axes = [1], keepdims = 0>(x) }",
     "constant %ReduceMean/ints : int64[1] [1]\n%y = ReduceMean(%x, %ReduceMean/ints) {keepdims = 0}\n"},
    {"ReduceMean_18_stays", 18, "g (float[2, 3] x, int64[1] a) => (float[2, 1] y) { y = ReduceMean(x, a) }",
     "%y = ReduceMean(%x, %a)\n"},
    {"Split_12", 12, "g (float[4] x) => (float[1] a, float[3] b) { a, b = Split<split = [1, 3]>(x) }",
     "constant %Split/ints : int64[2] [1, 3]\n%a, %b = Split(%x, %Split/ints)\n"},
    {"Split_13_even", 13, "g (float[4] x) => (float[2] a, float[2] b) { a, b = Split(x) }",
     "%a, %b = Split(%x) {num_outputs = 2}\n"},
    {"BatchNormalization_13_training", 13,
     "g (float[4, 2] x, float[2] s, float[2] b, float[2] m, float[2] v) => (float[4, 2] y) { y, m1, v1, sm, sv = "
     "BatchNormalization(x, s, b, m, v) }",
     "%y, %m1, %v1 = BatchNormalization(%x, %s, %b, %m, %v) {training_mode = 1}\n"},
    {"GridSample_16", 16,
     "g (float[1, 1, 2, 2] x, float[1, 2, 2, 2] k) => (float[1, 1, 2, 2] y) { y = GridSample(x, k) }",
     "%y = GridSample(%x, %k) {mode = \"linear\"}\n"},
    {"Constant", 13, "g (float[1] x) => (float[1] y) { c = Constant<value_float = 2.5>() y = Mul(x, c) }",
     "constant %c : float32[] 2.5\n%y = Mul(%x, %c)\n"},
};

INSTANTIATE_TEST_SUITE_P(Rules, OnnxUpgrade, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

struct Refusal {
  const char* name;
  int opset;
  const char* graph;
  const char* message;
};

class OnnxUpgradeRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(OnnxUpgradeRefusal, NamesNodeAndReason) {
  Result<Graph> graph = read_onnx(testing::onnx_bytes(GetParam().opset, GetParam().graph));
  ASSERT_FALSE(graph.ok());
  EXPECT_NE(graph.status().message().find(GetParam().message), std::string::npos) << graph.status().to_string();
}

constexpr Refusal kRefusals[] = {
    {"Tile_1", 5, "g (float[2] x, float t, float a) => (float[4] y) { y = Tile(x, t, a) }",
     "Tile node (unnamed): Tile of opset 1"},
    {"FutureOpset", 99, "g (float[2] x) => (float[2] y) { y = Relu(x) }", "opset 99 of ONNX's default domain"},
    {"AttributeKind", 12, "g (float[2] x) => (float[2] y) { y = Softmax<axis = \"one\">(x) }",
     "Softmax node (unnamed): attribute \"axis\" is of kind STRING; expected INT"},
    {"UnknownRank", 6, "g (float x, float[3] b) => (float y) { z = Mystery(x) y = Add<broadcast = 1, axis = 1>(z, b) }",
     "Add node (unnamed): the rank of its input is unknown"},
};

INSTANTIATE_TEST_SUITE_P(Rules, OnnxUpgradeRefusal, ::testing::ValuesIn(kRefusals),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace slipway
