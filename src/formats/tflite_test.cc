// Tests of the TensorFlow Lite reader and writer: a file made by flatc, what is written is read, hostile bytes.
#include "formats/tflite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "formats/format.h"
#include "formats/tflite_operators.h"
#include "formats/tflite_version.h"
#include "support/places.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

std::string golden() {
  auto bytes = read_file(source_folder() / "tests/golden/dense.tflite");
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? *bytes : "";
}

// conv -> requantize -> split, with a symbolic batch and per-channel weights.
TfliteModel small_model() {
  TfliteModel model;
  Graph& g = model.graph;
  g.name = "small";
  ValueId x = g.add_input("x", DType::i8, Dims{Dim::named("batch"), 4, 4, 2});
  std::vector<int8_t> weights(3 * 1 * 1 * 2, 5);
  ValueId w = g.add_constant("w", Tensor::of<int8_t>({3, 1, 1, 2}, weights));
  ValueId bias = g.add_constant("bias", Tensor::of<int32_t>({3}, {1, -2, 3}));
  ValueId axis = g.add_constant("axis", Tensor::scalar(int32_t{1}));
  ValueId y = g.add_value("y", DType::i8, Dims{Dim::named("batch"), 4, 4, 3});
  ValueId a = g.add_value("a", DType::i8, Dims{Dim::named("batch"), 2, 4, 3});
  ValueId b = g.add_value("b", DType::i8, Dims{Dim::named("batch"), 2, 4, 3});
  Node conv;
  conv.op_type = "CONV_2D";
  conv.domain = kTfliteDomain;
  conv.inputs = {x, w, bias};
  conv.outputs = {y};
  conv.attributes = {{"padding", std::string("VALID")},
                     {"stride_w", int64_t{1}},
                     {"stride_h", int64_t{1}},
                     {"fused_activation_function", std::string("RELU")}};
  g.add_node(conv);
  Node split;
  split.op_type = "SPLIT";
  split.domain = kTfliteDomain;
  split.inputs = {axis, y};
  split.outputs = {a, b};
  split.attributes = {{"num_splits", int64_t{2}}};
  g.add_node(split);
  g.outputs = {a, b};
  model.quantization["x"] = {{0.5f}, {3}, 0};
  model.quantization["w"] = {{0.1f, 0.2f, 0.3f}, {0, 0, 0}, 0};
  model.quantization["bias"] = {{0.05f, 0.1f, 0.15f}, {0, 0, 0}, 0};
  for (const char* name : {"y", "a", "b"}) model.quantization[name] = {{0.25f}, {-128}, 0};
  return model;
}

TEST(TfliteReader, ReadsAFileMadeByFlatc) {
  Result<Graph> graph = read_tflite(golden());
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  std::vector<std::string> ops;
  for (const Node& node : graph->nodes()) ops.push_back(node.op_type);
  EXPECT_EQ(ops, (std::vector<std::string>{"Gemm", "Relu", "Gemm", "Softmax"})) << to_text(*graph);
  EXPECT_EQ(to_string(*graph->value(graph->inputs[0]).dims), "[1, 6]");
  EXPECT_EQ(to_string(*graph->value(graph->outputs[0]).dims), "[1, 3]");
}

TEST(TfliteWriter, WhatIsWrittenIsRead) {
  TfliteModel model = small_model();
  Result<std::string> bytes = write_tflite(model);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  EXPECT_EQ(bytes->substr(4, 4), "TFL3");
  Result<TfliteModel> back = parse_tflite(*bytes);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->quantization, model.quantization);
  EXPECT_EQ(back->graph.name, "small");
  ASSERT_EQ(back->graph.nodes().size(), 2u);
  const Node& conv = back->graph.nodes()[0];
  EXPECT_EQ(conv.op_type, "CONV_2D");
  EXPECT_EQ(conv.text("padding"), "VALID");
  EXPECT_EQ(conv.text("fused_activation_function"), "RELU");
  EXPECT_EQ(conv.integer("dilation_w_factor"), 1);
  EXPECT_EQ(to_string(*back->graph.value(conv.outputs[0]).dims), "[batch, 4, 4, 3]");
  EXPECT_TRUE(identical(back->graph.value(conv.inputs[2]).data, Tensor::of<int32_t>({3}, {1, -2, 3})));
  EXPECT_EQ(*write_tflite(*back), *bytes) << "writing is deterministic";
}

TEST(TfliteWriter, AnOptionThatTheOperatorLacksIsRefused) {
  TfliteModel model = small_model();
  model.graph.nodes()[1].attributes.set("axis", int64_t{1});
  EXPECT_THAT(write_tflite(model).status().message(), HasSubstr("no option of this operator"));
}

TEST(TfliteReader, SaysWhatIsNoTfliteFile) {
  EXPECT_THAT(read_tflite("").status().message(), HasSubstr("not a TensorFlow Lite file"));
  EXPECT_THAT(read_tflite(std::string(100, 'x')).status().message(), HasSubstr("expected \"TFL3\" at byte 4"));
  std::string bytes = golden();
  EXPECT_THAT(read_tflite(bytes.substr(0, bytes.size() / 2)).status().message(), HasSubstr("truncated or damaged"));
}

TEST(TfliteReader, EveryTruncationIsAnError) {
  for (const std::string& bytes : {golden(), *write_tflite(small_model())}) {
    for (size_t size = 0; size + 1 < bytes.size(); ++size) {
      EXPECT_FALSE(read_tflite(bytes.substr(0, size)).ok() && size + 16 < bytes.size()) << size;
    }
  }
}

TEST(TfliteReader, ManyTensorsOfOneBufferAreRefused) {
  TfliteModel model = small_model();
  Tensor shared(DType::f32, {1 << 16});
  for (int i = 0; i < 20; ++i) {
    model.graph.outputs.push_back(model.graph.add_constant("c" + std::to_string(i), shared));
  }
  std::string bytes = *write_tflite(model);
  ASSERT_GT(bytes.size(), size_t{1} << 18);
  ASSERT_LT(bytes.size(), size_t{1} << 19);
  EXPECT_THAT(parse_tflite(bytes).status().message(), HasSubstr("a buffer is named too often"));
}

// Flipped bytes give an error or a graph that verifies, never a crash.
TEST(TfliteReader, SurvivesDamage) {
  Random random(7);
  int readable = 0;
  for (const std::string& bytes : {golden(), *write_tflite(small_model())}) {
    for (int round = 0; round < 4000; ++round) {
      std::string damaged = bytes;
      uint64_t flips = 1 + random.below(4);
      for (uint64_t f = 0; f < flips; ++f) damaged[random.below(damaged.size())] = static_cast<char>(random.next_u32());
      Result<Graph> graph = read_tflite(damaged);
      if (!graph.ok()) {
        EXPECT_FALSE(graph.status().message().empty());
        continue;
      }
      ++readable;
      EXPECT_TRUE(verify(*graph).ok());
    }
  }
  EXPECT_GT(readable, 100);
}

// As TensorFlow's versioning/op_version.cc has them.
TEST(TfliteOperators, VersionsFollowTypesRanksAndOptions) {
  auto version = [](const char* op_type, DType dtype, size_t rank, Attributes attributes = {}) {
    TfliteModel model;
    Node node;
    node.op_type = op_type;
    node.domain = kTfliteDomain;
    node.inputs = {model.graph.add_input("a", dtype, Dims(rank, Dim(2))),
                   model.graph.add_input("b", dtype, Dims(rank, Dim(2)))};
    node.outputs = {model.graph.add_value("y", dtype, Dims(rank, Dim(2)))};
    node.attributes = std::move(attributes);
    return operator_version(model, node);
  };
  EXPECT_EQ(version("ADD", DType::f32, 4), 1);
  EXPECT_EQ(version("ADD", DType::i8, 4), 2);
  EXPECT_EQ(version("ADD", DType::i64, 4), 4);
  EXPECT_EQ(version("ABS", DType::i32, 4), 5);
  EXPECT_EQ(version("SUB", DType::f32, 5), 3);
  EXPECT_EQ(version("TRANSPOSE", DType::f32, 6), 6);
  EXPECT_EQ(version("SPLIT", DType::i32, 2), 3);  // of its second input, the data
  EXPECT_EQ(version("BROADCAST_TO", DType::f32, 2), 2);
  EXPECT_EQ(version("CONV_2D", DType::i8, 4), 3);
  EXPECT_EQ(version("DEPTHWISE_CONV_2D", DType::f32, 4, {{"dilation_w_factor", int64_t{2}}}), 2);
  EXPECT_EQ(version("RESIZE_BILINEAR", DType::f32, 4, {{"align_corners", int64_t{1}}}), 1);
  EXPECT_EQ(version("RESIZE_NEAREST_NEIGHBOR", DType::f32, 4, {{"align_corners", int64_t{1}}}), 3);
  EXPECT_EQ(version("FULLY_CONNECTED", DType::f32, 2), 6);  // two inputs: no bias
}

}  // namespace
}  // namespace slipway
