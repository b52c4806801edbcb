// Nodes whose inputs do not fit together, as a damaged file may hold them: refused by inference, before any kernel.
#include "ops/expect.h"

#include <gtest/gtest.h>

#include "ops/all.h"
#include "ops/movement.h"

namespace slipway {
namespace {

using Ints = std::vector<int64_t>;

struct Case {
  const char* name;
  const char* op_type;
  std::vector<TensorType> inputs;  // undefined: left out
  std::vector<Ints> constants;     // int64 inputs that follow
  Attributes attributes;
  int outputs;
  const char* domain;
  const char* says;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

Status inferred(const Case& c) {
  Graph graph;
  Builder b(graph, all_operators());
  Values inputs;
  for (const TensorType& type : c.inputs) {
    inputs.push_back(type.dtype == DType::undefined
                         ? ValueId{}
                         : graph.add_input("x" + std::to_string(inputs.size()), type.dtype, to_dims(type.shape)));
  }
  for (const Ints& values : c.constants) inputs.push_back(b.ints(values));
  b.ops(c.op_type, inputs, c.outputs, c.attributes, c.domain);
  return b.status();
}

TensorType f32(Shape shape) { return {DType::f32, std::move(shape)}; }
TensorType f64(Shape shape) { return {DType::f64, std::move(shape)}; }

class NodesThatDoNotFit : public ::testing::TestWithParam<Case> {};

TEST_P(NodesThatDoNotFit, AreRefusedByInference) {
  Status status = inferred(GetParam());
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find(GetParam().says), std::string::npos) << status.to_string();
}

INSTANTIATE_TEST_SUITE_P(
    , NodesThatDoNotFit,
    ::testing::Values(
        Case{"ConcatWithAHole", "Concat", {f32({2}), {}, f32({2})}, {}, {{"axis", int64_t{0}}}, 1, "", "left out"},
        Case{"ConvOfTwoTypes", "Conv", {f32({1, 1, 4, 4}), f64({1, 1, 2, 2})}, {}, {}, 1, "", "float64"},
        Case{"ConvWithAShortBias",
             "Conv",
             {f32({1, 1, 4, 4}), f32({3, 1, 2, 2}), f32({1})},
             {},
             {},
             1,
             "",
             "B is [1]; expected [3]"},
        Case{"GemmOfWords",
             "Gemm",
             {{DType::string, {1, 1}}, {DType::string, {1, 1}}},
             {},
             {},
             1,
             "",
             "input 0 is string"},
        Case{"GemmOfMixedTypes", "Gemm", {f32({1, 1}), {DType::f64, {1, 1}}}, {}, {}, 1, "", "input 1"},
        Case{"DftAlongWords", "DFT", {f32({1, 4, 1}), {DType::i64, {}}, {DType::string, {}}}, {}, {}, 1, "", "input 2"},
        Case{"PowOfWords", "Pow", {f32({2}), {DType::string, {2}}}, {}, {}, 1, "", "input 1"},
        Case{"ConvGradDataOfAScalar", "ConvGradData", {f32({}), f32({}), f32({})}, {}, {}, 1, "slipway", "X []"},
        Case{"ConvGradDataOfAnotherSize",
             "ConvGradData",
             {f32({1, 1, 2, 2}), f32({1, 1, 2, 2}), f32({1, 1, 9, 9})},
             {},
             {},
             1,
             "slipway",
             "dY is [1, 1, 2, 2]; expected [1, 1, 8, 8]"},
        Case{"ConvGradWeightsOfAScalar", "ConvGradWeights", {f32({}), f32({}), f32({})}, {}, {}, 2, "slipway", "X []"},
        Case{"MaxPoolGradOfAVector",
             "MaxPoolGrad",
             {f32({4}), f32({4})},
             {},
             {{"kernel_shape", Ints{2}}},
             1,
             "slipway",
             "X [4]"},
        Case{"AveragePoolGradOfAnotherSize",
             "AveragePoolGrad",
             {f32({1, 1, 4, 4}), f32({1, 1, 4, 4})},
             {},
             {{"kernel_shape", Ints{2, 2}}},
             1,
             "slipway",
             "expected [1, 1, 3, 3]"},
        Case{"GroupNormalizationGradWithoutGroups",
             "GroupNormalizationGrad",
             {f32({2, 4}), f32({4}), f32({2, 4})},
             {},
             {{"num_groups", int64_t{0}}},
             3,
             "slipway",
             "num_groups is 0"},
        Case{"GroupNormalizationGradOfAVector",
             "GroupNormalizationGrad",
             {f32({4}), f32({4}), f32({4})},
             {},
             {},
             3,
             "slipway",
             "expected [N, C, ...]"},
        Case{"BatchNormalizationGradOfAScalar",
             "BatchNormalizationGrad",
             {f32({}), f32({1}), f32({})},
             {},
             {},
             3,
             "slipway",
             "batch dimension"},
        Case{"LayerNormalizationGradOfTwoTypes",
             "LayerNormalizationGrad",
             {f64({2, 4}), f32({4}), f64({2, 4})},
             {},
             {},
             3,
             "slipway",
             "float32"},
        Case{"LrnGradOfAVector", "LRNGrad", {f32({4}), f32({4})}, {}, {{"size", int64_t{1}}}, 1, "slipway", "X is [4]"},
        Case{"RecurrentGradOfNoCell",
             "RecurrentGrad",
             {f32({3, 2, 4}), f32({1, 8, 4}), f32({1, 8, 2})},
             {},
             {{"cell", "bogus"}},
             1,
             "slipway",
             "no recurrent cell"},
        Case{"RecurrentGradOfVectors",
             "RecurrentGrad",
             {f32({3}), f32({1}), f32({1})},
             {},
             {{"cell", "GRU"}},
             1,
             "slipway",
             "expected rank 3"},
        Case{"MomentumWithoutItsOutputs",
             "Momentum",
             {f32({}), {DType::i64, {}}, f32({2}), f32({2}), f32({2})},
             {},
             {{"alpha", 1.f}, {"beta", 1.f}, {"mode", "standard"}, {"norm_coefficient", 0.f}},
             1,
             "ai.onnx.preview.training",
             "1 outputs for 1 parameters; expected 2"},
        Case{"LossGradientOfAnotherSize",
             "NegativeLogLikelihoodGrad",
             {f32({7}), f32({4, 5}), {DType::i64, {4}}},
             {},
             {},
             1,
             "slipway",
             "dloss is [7]"},
        Case{"BatchNormalizationOfOtherChannels",
             "BatchNormalization",
             {f32({2, 3}), f32({2}), f32({3}), f32({3}), f32({3})},
             {},
             {},
             1,
             "",
             "scale is [2]; expected [3]"},
        Case{"SoftmaxGradOfAnotherSize",
             "SoftmaxGrad",
             {f32({2, 3}), f32({2, 2})},
             {},
             {},
             1,
             "slipway",
             "dY is [2, 2]; expected [2, 3]"},
        Case{"PadGradOfAnotherSize", "PadGrad", {f32({6})}, {{4}, {1, 0}}, {}, 1, "slipway", "expected [5]"},
        Case{"PadGradWithoutPads", "PadGrad", {f32({6})}, {{6}, {}}, {}, 1, "slipway", "pads has 0 elements"},
        Case{"SliceGradOfAnotherSize", "SliceGrad", {f32({3})}, {{5}, {0}, {2}}, {}, 1, "slipway", "expected [2]"},
        Case{
            "SliceGradByZero", "SliceGrad", {f32({3})}, {{5}, {0}, {3}, {0}, {0}}, {}, 1, "slipway", "steps holds a 0"},
        Case{"GatherGradOutsideTheRank",
             "GatherGrad",
             {f32({3, 2})},
             {{0, 1, 2}, {4, 2}},
             {{"axis", int64_t{5}}},
             1,
             "slipway",
             "axis 5"},
        Case{"GatherGradOfAnotherSize",
             "GatherGrad",
             {f32({3, 2})},
             {{0, 1}, {4, 2}},
             {},
             1,
             "slipway",
             "expected [2, 2]"},
        Case{"ResizeGradOfAnotherRank", "ResizeGrad", {f32({3, 2})}, {{4}}, {}, 1, "slipway", "is no resized"},
        Case{"DropoutMaskWithoutAStep",
             "DropoutMask",
             {f32({3}), {DType::i64, {0}}},
             {},
             {},
             1,
             "slipway",
             "expected one element"},
        Case{"SequenceEmptyOfNoType", "SequenceEmpty", {}, {}, {{"dtype", int64_t{-17}}}, 1, "", "dtype is -17"},
        Case{"RandomNormalOfNoType",
             "RandomNormal",
             {},
             {},
             {{"dtype", int64_t{257}}, {"shape", Ints{2}}},
             1,
             "",
             "dtype is 257"},
        Case{"MultinomialOfNoType",
             "Multinomial",
             {f32({2, 3})},
             {},
             {{"dtype", int64_t{1} << 32}},
             1,
             "",
             "no type here"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace slipway
