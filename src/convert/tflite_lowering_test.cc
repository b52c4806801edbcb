// Tests of the way to TensorFlow Lite and back: structure in golden text, numbers through sessions.
#include "convert/tflite_lowering.h"

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
  Graph graph = n.finish({n.b.op("Erf", {y})});
  graph.nodes().back().name = "gauss";
  Result<TfliteModel> model = lower_to_tflite(graph);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), Code::unimplemented);
  EXPECT_THAT(model.status().message(), HasSubstr("Conv node \"grouped\": 2 groups of 2 channels"));
  EXPECT_THAT(model.status().message(), HasSubstr("Erf node \"gauss\": "));
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

}  // namespace
}  // namespace slipway
