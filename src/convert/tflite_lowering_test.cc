// Tests of the way to TensorFlow Lite and back: structure in golden text, numbers through sessions.
#include "convert/tflite_lowering.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "convert/verify.h"
#include "graph/builder.h"
#include "ops/all.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

Tensor random_tensor(Shape shape, uint64_t seed, double scale = 0.5) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(scale * random.normal());
  return t;
}

Dim batch() { return Dim::named("batch"); }

// One line per node: op_type and the attributes that matter little left out.
std::vector<std::string> op_types(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes()) names.push_back(node.op_type);
  return names;
}

// Lowers, writes, reads back, and compares with the original on random samples.
void expect_round_trip(const Graph& graph, double tolerance = 1e-5) {
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  Result<std::string> bytes = write_tflite(*model);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  Result<Graph> back = read_tflite(*bytes);
  ASSERT_TRUE(back.ok()) << back.status().message();
  ASSERT_EQ(back->inputs.size(), graph.inputs.size());
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    EXPECT_EQ(back->value(back->outputs[i]).name, graph.value(graph.outputs[i]).name);
  }
  Result<VerifyReport> report = verify_conversion(graph, *back, {.samples = 3, .runs = 2});
  ASSERT_TRUE(report.ok()) << report.status().message() << "\n" << to_text(*back);
  for (const OutputDifference& output : report->outputs) {
    EXPECT_GT(output.elements, 0);
    EXPECT_EQ(output.mismatched_nan, 0);
    EXPECT_LE(output.max_absolute, tolerance * std::max(1.0, output.largest)) << to_text(*back);
  }
}

struct Net {
  Graph graph;
  Builder b{graph, all_operators()};
  ValueId input(DType dtype, Dims dims) { return graph.add_input(graph.fresh_name("x"), dtype, std::move(dims)); }
  ValueId weight(Shape shape, uint64_t seed) { return b.constant(random_tensor(std::move(shape), seed), "w"); }
  Graph finish(std::vector<ValueId> outputs) {
    EXPECT_TRUE(b.status().ok()) << b.status().message();
    graph.outputs = std::move(outputs);
    return graph;
  }
};

Graph dense_net() {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 12});
  ValueId h = n.b.op("Relu", {n.b.op("Gemm", {x, n.weight({12, 8}, 1), n.weight({8}, 2)})});
  ValueId y = n.b.op("Gemm", {h, n.weight({5, 8}, 3), n.weight({5}, 4)}, {{"transB", int64_t{1}}});
  return n.finish({n.b.op("Softmax", {y})});
}

TEST(TfliteLowering, DenseLayersBecomeThreeOperators) {
  Result<TfliteModel> model = lower_to_tflite(dense_net());
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(op_types(model->graph), (std::vector<std::string>{"FULLY_CONNECTED", "FULLY_CONNECTED", "SOFTMAX"}));
  const Node& first = model->graph.nodes()[0];
  EXPECT_EQ(first.text("fused_activation_function"), "RELU");
  EXPECT_EQ(to_string(*model->graph.value(first.inputs[1]).dims), "[8, 12]");
  EXPECT_EQ(to_string(*model->graph.value(model->graph.inputs[0]).dims), "[batch, 12]");
}

TEST(TfliteLowering, DenseNumbers) { expect_round_trip(dense_net()); }

TEST(TfliteLowering, MatMulWithAddBecomesABias) {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 6});
  ValueId y = n.b.add(n.b.op("MatMul", {x, n.weight({6, 4}, 1)}), n.weight({4}, 2));
  Graph graph = n.finish({y});
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_EQ(op_types(model->graph), (std::vector<std::string>{"FULLY_CONNECTED"}));
  EXPECT_EQ(model->graph.nodes()[0].inputs.size(), 3u);
  expect_round_trip(graph);
}

Graph conv_net() {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 2, 8, 8});
  ValueId c = n.b.op("Conv", {x, n.weight({4, 2, 3, 3}, 1), n.weight({4}, 2)},
                     {{"pads", std::vector<int64_t>{1, 1, 1, 1}}, {"kernel_shape", std::vector<int64_t>{3, 3}}});
  ValueId r = n.b.op("Relu", {c});
  ValueId p =
      n.b.op("MaxPool", {r}, {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}});
  ValueId d = n.b.op("Conv", {p, n.weight({4, 1, 3, 3}, 3), n.weight({4}, 4)},
                     {{"group", int64_t{4}},
                      {"kernel_shape", std::vector<int64_t>{3, 3}},
                      {"strides", std::vector<int64_t>{2, 2}},
                      {"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  ValueId s = n.b.op("Add", {n.b.op("Sigmoid", {d}), n.b.constant(random_tensor({4, 1, 1}, 5))});
  ValueId f = n.b.op("Flatten", {n.b.op("GlobalAveragePool", {s})});
  return n.finish({n.b.op("Gemm", {f, n.weight({4, 3}, 6), n.weight({3}, 7)})});
}

TEST(TfliteLowering, ImagesAreTransposedOnlyAtTheBorder) {
  Result<TfliteModel> model = lower_to_tflite(conv_net());
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(op_types(model->graph),
            (std::vector<std::string>{"TRANSPOSE", "CONV_2D", "MAX_POOL_2D", "PAD", "DEPTHWISE_CONV_2D", "LOGISTIC",
                                      "ADD", "MEAN", "RESHAPE", "FULLY_CONNECTED"}))
      << to_text(model->graph);
  const Node& conv = model->graph.nodes()[1];
  EXPECT_EQ(conv.text("padding"), "SAME");
  EXPECT_EQ(conv.text("fused_activation_function"), "RELU");
  EXPECT_EQ(to_string(*model->graph.value(conv.inputs[1]).dims), "[4, 3, 3, 2]");
}

TEST(TfliteLowering, ImageNumbers) { expect_round_trip(conv_net()); }

TEST(TfliteLowering, ElementwiseAndShapeOperatorsRoundTrip) {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 4, 6});
  auto& b = n.b;
  Values out;
  ValueId positive = b.add(b.op("Abs", {x}), b.scalar(0.5f));
  out.push_back(b.op("Log", {positive}));
  out.push_back(b.op("Sqrt", {b.op("Exp", {b.op("Neg", {positive})})}));
  out.push_back(b.op("Pow", {positive, b.scalar(1.5f)}));
  out.push_back(b.div(b.sub(x, b.scalar(1)), positive));
  out.push_back(b.op("LeakyRelu", {x}, {{"alpha", 0.2f}}));
  out.push_back(b.op("Clip", {x, b.scalar(0), b.scalar(6)}));
  out.push_back(b.op("Clip", {x, b.scalar(-0.25f), b.scalar(0.75f)}));
  out.push_back(b.op("Tanh", {b.op("Sigmoid", {x})}));
  out.push_back(b.op("LogSoftmax", {x}, {{"axis", int64_t{1}}}));
  out.push_back(b.op("Softmax", {x}, {{"axis", int64_t{-1}}}));
  out.push_back(b.op("Gelu", {x}));
  out.push_back(b.op("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 1}}}));
  out.push_back(b.op("Concat", {x, positive}, {{"axis", int64_t{1}}}));
  Values parts = b.ops("Split", {x, b.ints({1, 3})}, 2, {{"axis", int64_t{1}}});
  out.insert(out.end(), parts.begin(), parts.end());
  out.push_back(b.op("Slice", {x, b.ints({-3}), b.ints({1000}), b.ints({2}), b.ints({2})}));
  out.push_back(b.op("Gather", {x, b.constant(Tensor::of<int64_t>({2}, {-1, 0}))}, {{"axis", int64_t{2}}}));
  out.push_back(b.op("Squeeze", {b.op("Unsqueeze", {x, b.ints({1})}), b.ints({1})}));
  out.push_back(b.op("Reshape", {x, b.ints({0, -1})}));
  out.push_back(b.op("Pad", {x, b.ints({0, 1, 0, 0, 0, 2}), b.scalar(0.5f)}));
  out.push_back(b.op("ReduceMean", {x, b.ints({1})}, {{"keepdims", int64_t{0}}}));
  out.push_back(b.op("ReduceSum", {x, b.ints({-1})}));
  out.push_back(b.op("ReduceMax", {x, b.ints({1, 2})}));
  out.push_back(b.op("ArgMax", {x}, {{"axis", int64_t{1}}}));
  out.push_back(b.op("Cast", {x}, {{"to", int64_t{6}}}));
  out.push_back(b.op("MatMul", {x, b.op("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 1}}})}));
  out.push_back(b.op("MatMul", {x, n.weight({6, 2}, 9)}));
  expect_round_trip(n.finish(out));
}

TEST(TfliteLowering, OutputsThatAreInputsKeepTheirNames) {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 3});
  expect_round_trip(n.finish({n.b.op("Identity", {x})}));
}

TEST(TfliteLowering, RefusalNamesNodeOperatorAndReason) {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 4, 6, 6});
  ValueId y = n.b.op("Conv", {x, n.weight({4, 2, 3, 3}, 1)},
                     {{"group", int64_t{2}}, {"kernel_shape", std::vector<int64_t>{3, 3}}});
  n.graph.nodes().back().name = "grouped";
  Graph graph = n.finish({n.b.op("Tan", {y})});
  graph.nodes().back().name = "slope";
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), Code::unimplemented);
  EXPECT_THAT(model.status().message(), HasSubstr("Conv node \"grouped\": 2 groups of 2 channels"));
  EXPECT_THAT(model.status().message(), HasSubstr("Tan node \"slope\": "));
  EXPECT_THAT(model.status().message(), HasSubstr("2 of the model's nodes"));
}

// x -> QDQ -> Conv (int8 weights by channel, int32 bias) -> Relu -> QDQ -> MaxPool -> QDQ
Graph quantized_net() {
  Net n;
  auto& b = n.b;
  ValueId x = n.input(DType::f32, {batch(), 2, 6, 6});
  auto qdq = [&](ValueId v, float scale, int8_t zero) {
    ValueId s = b.scalar(scale), z = b.constant(Tensor::scalar(zero));
    return b.op("DequantizeLinear", {b.op("QuantizeLinear", {v, s, z}), s, z});
  };
  std::vector<int8_t> stored;
  Random random(3);
  for (int i = 0; i < 3 * 2 * 9; ++i) stored.push_back(static_cast<int8_t>(static_cast<int>(random.below(255)) - 127));
  ValueId w =
      b.op("DequantizeLinear",
           {b.constant(Tensor::of<int8_t>({3, 2, 3, 3}, stored), "w"),
            b.constant(Tensor::of<float>({3}, {0.01f, 0.02f, 0.005f})), b.constant(Tensor::of<int8_t>({3}, {0, 0, 0}))},
           {{"axis", int64_t{0}}});
  ValueId bias = b.op("DequantizeLinear",
                      {b.constant(Tensor::of<int32_t>({3}, {100, -50, 7}), "bias"),
                       b.constant(Tensor::of<float>({3}, {0.0003f, 0.0006f, 0.00015f}))},
                      {{"axis", int64_t{0}}});
  ValueId c = b.op("Relu", {b.op("Conv", {qdq(x, 0.03f, 5), w, bias}, {{"kernel_shape", std::vector<int64_t>{3, 3}}})});
  ValueId p = b.op("MaxPool", {qdq(c, 0.05f, -128)},
                   {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}});
  return n.finish({qdq(p, 0.05f, -128)});
}

TEST(TfliteLowering, QuantizedStretchComputesInInt8) {
  Result<TfliteModel> model = lower_to_tflite(quantized_net());
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(op_types(model->graph),
            (std::vector<std::string>{"QUANTIZE", "TRANSPOSE", "CONV_2D", "MAX_POOL_2D", "TRANSPOSE", "DEQUANTIZE"}))
      << to_text(model->graph);
  const Node& conv = model->graph.nodes()[2];
  const Graph& graph = model->graph;
  EXPECT_EQ(graph.value(conv.inputs[0]).dtype, DType::i8);
  EXPECT_EQ(graph.value(conv.inputs[1]).dtype, DType::i8);
  EXPECT_EQ(graph.value(conv.inputs[2]).dtype, DType::i32);
  EXPECT_EQ(graph.value(conv.outputs[0]).dtype, DType::i8);
  EXPECT_EQ(conv.text("fused_activation_function"), "RELU");
  EXPECT_EQ(*model->quantization_of(conv.inputs[1]), (Quantization{{0.01f, 0.02f, 0.005f}, {0, 0, 0}, 0}));
  EXPECT_EQ(to_string(graph.value(conv.inputs[2]).data), "int32[3] [100, -50, 7]");
}

TEST(TfliteLowering, QuantizedNumbersAreOneStepApartAtMost) { expect_round_trip(quantized_net(), 0.051); }

// The runtime reads as many slopes as there are channels, whatever their shape.
TEST(TfliteLowering, ASlopeOfOneElementIsRepeatedForEveryChannel) {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 5});
  Graph graph = n.finish({n.b.op("PRelu", {x, n.b.constant(Tensor::of<float>({1}, {0.25f}))})});
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_EQ(op_types(model->graph), (std::vector<std::string>{"PRELU"}));
  EXPECT_EQ(to_string(model->graph.value(model->graph.nodes()[0].inputs[1]).data),
            "float32[1, 5] [[0.25, 0.25, 0.25, 0.25, 0.25]]");
  expect_round_trip(graph);
}

TEST(TfliteLowering, ASlopeThatIsNotByChannelIsArithmetic) {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 4, 5});
  Graph graph = n.finish({n.b.op("PRelu", {x, n.weight({4, 1}, 1)})});
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(op_types(model->graph), (std::vector<std::string>{"MAXIMUM", "MINIMUM", "MUL", "ADD"}));
  expect_round_trip(graph);
}

// 0.5 x (1 + erf(x / sqrt(2))) as PyTorch writes it.
TEST(TfliteLowering, GeluSpelledWithErfIsGelu) {
  Net n;
  auto& b = n.b;
  ValueId x = n.input(DType::f32, {batch(), 6});
  ValueId gate = b.add(b.op("Erf", {b.div(x, b.scalar(1.41421356f))}), b.scalar(1));
  Graph graph = n.finish({b.mul(b.mul(x, gate), b.scalar(0.5f))});
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(op_types(model->graph), (std::vector<std::string>{"GELU"}));
  expect_round_trip(graph);
}

TEST(TfliteLowering, ErfAloneIsWithin1e6) {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 64});
  expect_round_trip(n.finish({n.b.op("Erf", {n.b.mul(x, n.b.scalar(3))})}), 1e-6);
}

// All cells and directions in both layouts, with states that come and go as inputs and outputs.
TEST(TfliteLowering, RecurrentLayersAreWrittenStepByStep) {
  for (const char* cell : {"LSTM", "GRU", "RNN"}) {
    for (const char* direction : {"forward", "reverse", "bidirectional"}) {
      for (int64_t layout : {0, 1}) {
        Net n;
        int64_t d = std::string(direction) == "bidirectional" ? 2 : 1, gates = *cell == 'L' ? 4 : *cell == 'G' ? 3 : 1;
        ValueId x = n.input(DType::f32, layout == 0 ? Dims{4, 2, 3} : Dims{2, 4, 3});
        ValueId h = n.input(DType::f32, layout == 0 ? Dims{d, 2, 5} : Dims{2, d, 5});
        Values inputs{
            x, n.weight({d, gates * 5, 3}, 1), n.weight({d, gates * 5, 5}, 2), n.weight({d, gates * 10}, 3), {}, h};
        bool lstm = *cell == 'L';
        if (lstm) inputs.push_back(n.input(DType::f32, layout == 0 ? Dims{d, 2, 5} : Dims{2, d, 5}));
        Attributes attributes{{"direction", std::string(direction)}, {"layout", layout}, {"hidden_size", int64_t{5}}};
        SCOPED_TRACE(fmt::format("{} {} layout {}", cell, direction, layout));
        expect_round_trip(n.finish(n.b.ops(cell, inputs, lstm ? 3 : 2, attributes)));
      }
    }
  }
}

TEST(TfliteLowering, WithoutAStateABatchOfUnknownSizeRuns) {
  for (const char* cell : {"LSTM", "GRU", "RNN"}) {
    Net n;
    int64_t gates = *cell == 'L' ? 4 : *cell == 'G' ? 3 : 1;
    ValueId x = n.input(DType::f32, {6, batch(), 3});
    expect_round_trip(n.finish(n.b.ops(cell, {x, n.weight({1, gates * 4, 3}, 1), n.weight({1, gates * 4, 4}, 2)}, 1,
                                       {{"hidden_size", int64_t{4}}})));
  }
}

TEST(TfliteLowering, TheStepsOfALayerShareItsWeights) {
  Net n;
  ValueId x = n.input(DType::f32, {50, 1, 8});
  Graph graph = n.finish(n.b.ops("LSTM", {x, n.weight({1, 128, 8}, 1), n.weight({1, 128, 32}, 2)}, 1));
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  Result<std::string> bytes = write_tflite(*model);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  EXPECT_LT(bytes->size(), 300'000u);  // the weights take 20 kB, once
}

TEST(TfliteLowering, ARecurrentLayerOfUnknownLengthIsRefused) {
  Net n;
  ValueId x = n.input(DType::f32, {Dim::named("time"), 1, 3});
  Values y = n.b.ops("LSTM", {x, n.weight({1, 16, 3}, 1), n.weight({1, 16, 4}, 2)}, 1, {{"hidden_size", int64_t{4}}});
  n.graph.nodes().back().name = "lstm";
  Result<TfliteModel> model = lower_to_tflite(n.finish(y));
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(model.status().message(), HasSubstr("LSTM node \"lstm\": the number of its steps is not known"));
}

// Indices from the end that the model computes are counted from the start.
TEST(TfliteLowering, ComputedIndicesMayBeNegative) {
  Net n;
  ValueId i = n.input(DType::i64, {3});
  Graph graph = n.finish({n.b.op("Gather", {n.weight({5, 2}, 1), i})});
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(op_types(model->graph), (std::vector<std::string>{"ADD", "LESS", "SELECT_V2", "GATHER"}));
  Result<Graph> back = read_tflite(*write_tflite(*model));
  ASSERT_TRUE(back.ok()) << back.status().message();
  VerifyOptions options;
  options.data = {{Tensor::of<int64_t>({3}, {-1, 4, -5})}};
  Result<VerifyReport> report = verify_conversion(graph, *back, options);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->outputs[0].max_absolute, 0);
}

// What is made up to compare with asks a table of 3 rows for rows that it has.
TEST(Verify, MadeUpIdsFitASmallTable) {
  Net n;
  ValueId i = n.input(DType::i64, {3});
  Graph graph = n.finish({n.b.op("Gather", {n.weight({3, 2}, 1), i})});
  Result<VerifyReport> report = verify_conversion(graph, graph, {});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->outputs[0].max_absolute, 0);
}

// A convolution over a sequence, quantized: nothing between its scale and the rounding but changes of shape.
TEST(TfliteLowering, AQuantizedConvolutionOverASequenceComputesInInt8) {
  Net n;
  auto& b = n.b;
  ValueId x = n.input(DType::f32, {batch(), 2, 8});
  auto qdq = [&](ValueId v, float scale) {
    ValueId s = b.scalar(scale), z = b.constant(Tensor::scalar(int8_t{0}));
    return b.op("DequantizeLinear", {b.op("QuantizeLinear", {v, s, z}), s, z});
  };
  std::vector<int8_t> stored;
  for (int i = 0; i < 3 * 2 * 3; ++i) stored.push_back(static_cast<int8_t>(i * 11 % 100 - 50));
  ValueId w = b.op("DequantizeLinear", {b.constant(Tensor::of<int8_t>({3, 2, 3}, stored)), b.scalar(0.02f)});
  ValueId bias = b.op("DequantizeLinear", {b.constant(Tensor::of<int32_t>({3}, {100, -50, 7})), b.scalar(0.0006f)});
  ValueId y = b.op("Conv", {qdq(x, 0.03f), w, bias}, {{"kernel_shape", std::vector<int64_t>{3}}});
  Graph graph = n.finish({qdq(y, 0.05f)});
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  auto conv = std::find_if(model->graph.nodes().begin(), model->graph.nodes().end(),
                           [](const Node& node) { return node.op_type == "CONV_2D"; });
  ASSERT_NE(conv, model->graph.nodes().end());
  EXPECT_EQ(model->graph.value(conv->inputs[0]).dtype, DType::i8) << to_text(model->graph);
  EXPECT_EQ(model->graph.value(conv->outputs[0]).dtype, DType::i8);
  expect_round_trip(graph, 0.051);
}

// The runtime makes no real numbers of int32: a bias of a layer that computes in float32 is float32.
TEST(TfliteLowering, AnIntegerBiasOfAFloatLayerIsReal) {
  Net n;
  auto& b = n.b;
  ValueId x = n.input(DType::f32, {batch(), 4});
  ValueId bias = b.op("DequantizeLinear", {b.constant(Tensor::of<int32_t>({3}, {100, -50, 7})), b.scalar(0.0625f)});
  Graph graph = n.finish({b.op("Gemm", {x, n.weight({4, 3}, 1), bias})});
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_EQ(op_types(model->graph), (std::vector<std::string>{"FULLY_CONNECTED"}));
  EXPECT_EQ(to_string(model->graph.value(model->graph.nodes()[0].inputs[2]).data), "float32[3] [6.25, -3.125, 0.4375]");
  expect_round_trip(graph);
}

TEST(TfliteLowering, ANearestResizeOfAFreeBatchIsReadAgain) {
  Net n;
  ValueId x = n.input(DType::f32, {batch(), 2, 3, 4});
  Graph graph = n.finish({n.b.op(
      "Resize", {x, {}, n.b.constant(Tensor::of<float>({4}, {1, 1, 2, 2}))},
      {{"coordinate_transformation_mode", std::string("asymmetric")}, {"nearest_mode", std::string("floor")}})});
  expect_round_trip(graph);
}

}  // namespace
}  // namespace slipway
