// Layers: shapes, names, and messages for what does not fit.
#include "train/layers.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "support/gradient_probe.h"
#include "train/trainer.h"

namespace slipway::train {
namespace {

TEST(Layers, NamesAndShapesFollowKeras) {
  std::vector<Layer> layers = {Conv2D(6, 5, relu, 1, "same"), MaxPooling2D(2), Flatten(), Dense(16, relu),
                               Dense(10, softmax)};
  Result<Graph> graph = build_model(layers, {28, 28}, 1);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(to_string(*graph->value(graph->inputs[0]).dims), "[batch, 28, 28]");
  EXPECT_EQ(to_string(graph->value(graph->find("conv2d/kernel")).data.type()), "float32[6, 1, 5, 5]");
  EXPECT_EQ(to_string(graph->value(graph->find("dense/kernel")).data.type()), "float32[1176, 16]");
  EXPECT_EQ(to_string(*graph->value(graph->outputs[0]).dims), "[batch, 10]");
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "output");
}

TEST(Layers, WeightsDependOnTheSeedOnly) {
  std::vector<Layer> layers = {Dense(4)};
  Graph a = *build_model(layers, {3}, 1), b = *build_model(layers, {3}, 1), c = *build_model(layers, {3}, 2);
  auto kernel = [](const Graph& g) { return g.value(g.find("dense/kernel")).data; };
  EXPECT_TRUE(identical(kernel(a), kernel(b)));
  EXPECT_FALSE(identical(kernel(a), kernel(c)));
}

Layer reading(Layer layer, std::string name, std::vector<std::string> inputs) {
  layer.name = std::move(name);
  layer.inputs = std::move(inputs);
  return layer;
}

std::string output_of(const std::vector<Layer>& layers, const Shape& example) {
  Result<Graph> graph = build_model(layers, example, 1);
  return graph.ok() ? to_string(*graph->value(graph->outputs[0]).dims) : graph.status().message();
}

struct ShapeRow {
  Layer layer;
  Shape example;
  const char* output;
};

// Every layer at least once, with what it makes of one example.
std::vector<ShapeRow> shape_rows() {
  return {
      {Dense(5), {3}, "[batch, 5]"},
      {Dense(5), {7, 3}, "[batch, 7, 5]"},
      {Embedding(10, 4), {6}, "[batch, 6, 4]"},
      {Conv1D(4, 3), {10, 2}, "[batch, 8, 4]"},
      {Conv1D(4, 3, relu, 1, "causal"), {10, 2}, "[batch, 10, 4]"},
      {Conv1D(4, 3, relu, 2, "same"), {9, 2}, "[batch, 5, 4]"},
      {Conv2D(4, 3).with("groups", 2), {2, 8, 8}, "[batch, 4, 6, 6]"},
      {Conv2D(4, 3).with("dilation_rate", 2), {2, 8, 8}, "[batch, 4, 4, 4]"},
      {Conv2D(4, 3).with("kernel_size", std::vector<int64_t>{1, 5}), {2, 8, 8}, "[batch, 4, 8, 4]"},
      {Conv3D(2, 2), {1, 4, 4, 4}, "[batch, 2, 3, 3, 3]"},
      {DepthwiseConv2D(3).with("depth_multiplier", 2), {3, 8, 8}, "[batch, 6, 6, 6]"},
      {SeparableConv2D(5, 3, relu, 1, "same"), {3, 8, 8}, "[batch, 5, 8, 8]"},
      {DepthwiseConv1D(3).with("depth_multiplier", 2), {8, 3}, "[batch, 6, 6]"},
      {DepthwiseConv1D(3, relu, 1, "causal"), {8, 3}, "[batch, 8, 3]"},
      {SeparableConv1D(5, 3, relu, 1, "same"), {8, 3}, "[batch, 8, 5]"},
      {MaxPooling1D(2), {9, 3}, "[batch, 4, 3]"},
      {MaxPooling3D(2), {2, 4, 4, 4}, "[batch, 2, 2, 2, 2]"},
      {AveragePooling3D(2), {2, 4, 4, 4}, "[batch, 2, 2, 2, 2]"},
      {GlobalMaxPooling3D(), {2, 4, 4, 4}, "[batch, 2]"},
      {GlobalAveragePooling3D(), {2, 4, 4, 4}, "[batch, 2]"},
      {{"UpSampling3D", {{"size", int64_t{2}}}}, {1, 2, 2, 2}, "[batch, 1, 4, 4, 4]"},
      {{"ZeroPadding3D", {{"padding", std::vector<int64_t>{1, 0, 2}}}}, {1, 2, 2, 2}, "[batch, 1, 4, 2, 6]"},
      {{"Cropping3D", {{"cropping", std::vector<int64_t>{1, 0, 0, 1, 0, 0}}}}, {1, 3, 3, 3}, "[batch, 1, 2, 2, 3]"},
      {{"AvgPool2D", {}}, {1, 4, 4}, "[batch, 1, 2, 2]"},
      {{"GlobalMaxPool1D", {}}, {4, 3}, "[batch, 3]"},
      {AveragePooling1D(3), {9, 3}, "[batch, 3, 3]"},
      {MaxPooling2D(2).with("padding", "same"), {1, 7, 7}, "[batch, 1, 4, 4]"},
      {AveragePooling2D(2), {1, 7, 7}, "[batch, 1, 3, 3]"},
      {GlobalMaxPooling1D(), {9, 3}, "[batch, 3]"},
      {GlobalAveragePooling1D(), {9, 3}, "[batch, 3]"},
      {GlobalMaxPooling2D(), {4, 7, 7}, "[batch, 4]"},
      {GlobalAveragePooling2D(), {4, 7, 7}, "[batch, 4]"},
      {BatchNormalization(), {4, 7, 7}, "[batch, 4, 7, 7]"},
      {LayerNormalization(), {4, 7}, "[batch, 4, 7]"},
      {RMSNormalization(), {4, 7}, "[batch, 4, 7]"},
      {MultiHeadAttention(2, 3), {5, 8}, "[batch, 5, 8]"},
      {MultiHeadAttention(2, 3).with("use_causal_mask", true), {5, 8}, "[batch, 5, 8]"},
      {MultiHeadAttention(2, 3).with("use_alibi", true), {5, 8}, "[batch, 5, 8]"},
      {TransformerDecoder(16, 2).with("use_alibi", true).with("use_bias", false), {5, 8}, "[batch, 5, 8]"},
      {TransformerEncoder(16, 2, 0.1), {5, 8}, "[batch, 5, 8]"},
      {TransformerDecoder(16, 2), {5, 8}, "[batch, 5, 8]"},
      {PositionEmbedding(), {5, 8}, "[batch, 5, 8]"},
      {SinePositionEncoding(), {5, 8}, "[batch, 5, 8]"},
      {Flatten(), {4, 7}, "[batch, 28]"},
      {Reshape({2, -1}), {4, 7}, "[batch, 2, 14]"},
      {Permute({2, 1}), {4, 7}, "[batch, 7, 4]"},
      {RepeatVector(3), {4}, "[batch, 3, 4]"},
      {ZeroPadding2D({1, 2}), {1, 4, 4}, "[batch, 1, 6, 8]"},
      {ZeroPadding2D({1, 0, 0, 2}), {1, 4, 4}, "[batch, 1, 5, 6]"},
      {Cropping2D({1}), {1, 4, 5}, "[batch, 1, 2, 3]"},
      {UpSampling2D(2), {1, 4, 4}, "[batch, 1, 8, 8]"},
      {UpSampling2D(3, "bilinear"), {1, 4, 4}, "[batch, 1, 12, 12]"},
      {{"UpSampling1D", {{"size", int64_t{2}}}}, {4, 3}, "[batch, 8, 3]"},
      {{"ZeroPadding1D", {{"padding", std::vector<int64_t>{2, 1}}}}, {4, 3}, "[batch, 7, 3]"},
      {{"Cropping1D", {{"cropping", int64_t{1}}}}, {4, 3}, "[batch, 2, 3]"},
      {Slice(1, 2, 4), {6, 3}, "[batch, 2, 3]"},
      {Slice(-1, 1), {6, 3}, "[batch, 6, 2]"},
      {Rescaling(1.0 / 255), {4}, "[batch, 4]"},
      {{"PReLU", {}}, {4}, "[batch, 4]"},
      {{"LeakyReLU", {}}, {4}, "[batch, 4]"},
      {{"ReLU", {{"max_value", 6.0}}}, {4}, "[batch, 4]"},
      {Activation("glu"), {4}, "[batch, 2]"},
      {LSTM(6), {5, 3}, "[batch, 6]"},
      {LSTM(6, true), {5, 3}, "[batch, 5, 6]"},
      {GRU(6, true).with("go_backwards", true), {5, 3}, "[batch, 5, 6]"},
      {SimpleRNN(6), {5, 3}, "[batch, 6]"},
      {Bidirectional(LSTM(6)), {5, 3}, "[batch, 12]"},
      {Bidirectional(GRU(6, true), "sum"), {5, 3}, "[batch, 5, 6]"},
      {Bidirectional(LSTM(6, true)), {5, 3}, "[batch, 5, 12]"},
      {Conv2DTranspose(3, 2, relu, 2), {2, 4, 4}, "[batch, 3, 8, 8]"},
      {Conv2DTranspose(3, 3, relu, 2, "same"), {2, 4, 4}, "[batch, 3, 8, 8]"},
      {Conv1DTranspose(3, 2, relu, 2), {4, 2}, "[batch, 8, 3]"},
      {Conv3DTranspose(3, 2, relu, 2), {2, 2, 2, 2}, "[batch, 3, 4, 4, 4]"},
      {GroupNormalization(2), {4, 7, 7}, "[batch, 4, 7, 7]"},
  };
}

TEST(Layers, ShapesOfEveryLayer) {
  for (const ShapeRow& row : shape_rows()) {
    EXPECT_EQ(output_of({row.layer, Activation("relu")}, row.example), row.output) << row.layer.type;
  }
}

// Of sequences the channels come last, so that weights are one for each channel, however long the sequence.
TEST(Layers, NormalizationOfSequencesIsByChannel) {
  for (const Layer& layer : {BatchNormalization(), GroupNormalization(3)}) {
    Graph graph = *build_model(std::vector<Layer>{Conv1D(6, 3), layer.named("norm")}, {10, 2}, 1);
    EXPECT_EQ(graph.value(graph.find("norm/gamma")).data.shape(), Shape{6}) << layer.type;
    EXPECT_EQ(to_string(*graph.value(graph.outputs[0]).dims), "[batch, 8, 6]") << layer.type;
  }
}

// A few steps on a handful of examples: every weight is reached by a gradient, and the loss falls.
TEST(Layers, EveryLayerLearns) {
  for (const ShapeRow& row : shape_rows()) {
    const std::string where = row.layer.type + " " + row.output;
    Layer start = row.layer;
    const bool indices = start.type == "Embedding";
    Result<Graph> graph = build_model(std::vector<Layer>{start, Flatten(), Dense(2, softmax)}, row.example, 1);
    ASSERT_TRUE(graph.ok()) << where << ": " << graph.status().message();
    Shape shape = row.example;
    shape.insert(shape.begin(), 6);
    Dataset data;
    data.inputs = Tensor(DType::f32, shape);
    data.labels = Tensor::of<int64_t>({6}, {0, 1, 0, 1, 1, 0});
    data.classes = {"a", "b"};
    Random random(7);
    for (float& x : data.inputs.mutable_data<float>()) {
      x = indices ? static_cast<float>(random.below(10)) : static_cast<float>(random.normal());
    }
    TrainerOptions options;
    options.batch_size = 6;
    options.threads = 1;
    options.training.optimizer = {.type = "adam", .learning_rate = 0.01};
    Result<std::unique_ptr<Trainer>> trainer = Trainer::create(*graph, data, std::nullopt, options);
    ASSERT_TRUE(trainer.ok()) << where << ": " << trainer.status().message();
    const double before = (*trainer)->evaluate(data)->loss;
    for (int epoch = 0; epoch < 12; ++epoch) ASSERT_TRUE((*trainer)->run_epoch().ok()) << where;
    EXPECT_LT((*trainer)->evaluate(data)->loss, before) << where;
    Graph after = *(*trainer)->model();
    for (const std::string& weight : trained_weights(*graph, {})) {
      EXPECT_FALSE(identical(graph->value(graph->find(weight)).data, after.value(after.find(weight)).data))
          << where << " " << weight;
    }
  }
}

TEST(Layers, EveryActivationKeepsTheShape) {
  std::string names = check(Dense(1, "no")).ok() ? output_of({Activation("no")}, {4}) : "";
  size_t at = names.find("expected one of ");
  ASSERT_NE(at, std::string::npos) << names;
  names = names.substr(at + 16) + ", ";
  int count = 0;
  for (size_t end = names.find(", "); end != std::string::npos; end = names.find(", ")) {
    std::string name = names.substr(0, end);
    names = names.substr(end + 2);
    EXPECT_EQ(output_of({Activation(name), Rescaling(1)}, {4}), name == "glu" ? "[batch, 2]" : "[batch, 4]") << name;
    ++count;
  }
  EXPECT_GT(count, 25);
}

// The scores of head h fall by 2^(-8 (h + 1) / heads) a step: 2^-4 and 2^-8 of two heads.
TEST(Layers, LinearBiasesOfAttention) {
  auto biases = [](bool causal) {
    Layer layer = MultiHeadAttention(2, 3).with("use_alibi", true).with("use_causal_mask", causal);
    Result<Graph> graph = build_model(std::vector<Layer>{layer}, {3, 4}, 1);
    EXPECT_TRUE(graph.ok()) << graph.status().message();
    return to_string(graph->value(graph->find("multi_head_attention/linear_biases")).data);
  };
  EXPECT_EQ(biases(false),
            "float32[2, 3, 3] [[[-0, -0.0625, -0.125], [-0.0625, -0, -0.0625], [-0.125, -0.0625, -0]], "
            "[[-0, -0.00390625, -0.0078125], [-0.00390625, -0, -0.00390625], [-0.0078125, -0.00390625, -0]]]");
  EXPECT_EQ(biases(true),
            "float32[2, 3, 3] [[[-0, -1e+09, -1e+09], [-0.0625, -0, -1e+09], [-0.125, -0.0625, -0]], "
            "[[-0, -1e+09, -1e+09], [-0.00390625, -0, -1e+09], [-0.0078125, -0.00390625, -0]]]");
}

TEST(Layers, GraphsBranchAndMeetAgain) {
  std::vector<Layer> layers = {reading(Dense(4, relu), "left", {"input"}), reading(Dense(4), "right", {"input"}),
                               reading(Add(), "sum", {"left", "right"}),
                               reading(Concatenate(), "all", {"sum", "left", "input"}), Dense(2)};
  Result<Graph> graph = build_model(layers, {3}, 1);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(to_string(graph->value(graph->find("dense/kernel")).data.type()), "float32[11, 2]");
  EXPECT_TRUE(graph->find("left/kernel").valid());
  std::vector<Layer> named = {Layer{"Input", {}, "pixels", {}}, reading(Dense(2), "", {"pixels"})};
  graph = build_model(named, {3}, 1);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(graph->value(graph->inputs[0]).name, "pixels");
}

// Two inputs side by side through one tower, and the distance between its answers.
std::vector<Layer> siamese() {
  return {reading(Slice(1, 0, 1), "left", {"input"}),
          reading(Dense(4, "tanh"), "tower", {"left"}),
          reading(Slice(1, 1, 2), "right", {"input"}),
          reading(Dense(4, "tanh").sharing("tower"), "twin", {"right"}),
          reading(Subtract(), "gap", {"tower", "twin"}),
          Flatten(),
          Dense(1, "softplus")};
}

TEST(Layers, TwinsShareTheirWeights) {
  Result<Graph> graph = build_model(siamese(), {2, 3}, 1);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_FALSE(graph->find("twin/kernel").valid());
  EXPECT_EQ(trained_weights(*graph, {}),
            (std::vector<std::string>{"tower/kernel", "tower/bias", "dense/kernel", "dense/bias"}));
  GradientProbe probe = {siamese(), random_tensor({4, 2, 3}, 3), Tensor::of<float>({4, 1}, {1, 0, 1, 0}),
                         "contrastive"};
  probe.expect_gradient("tower/kernel");
}

TEST(Layers, WhatCannotBeSharedIsSaid) {
  const std::vector<Layer> nobody = {Dense(3).sharing("towr")};
  EXPECT_NE(build_model(nobody, {4}, 1)
                .status()
                .message()
                .find("layer 1 (Dense): shares the weights of \"towr\", and there is no \"towr/kernel\""),
            std::string::npos);
  const std::vector<Layer> other = {Dense(3).named("tower"), Dense(3).sharing("tower")};
  EXPECT_NE(build_model(other, {4}, 1).status().message().find("whose kernel is float32[4, 3]; expected float32[3, 3]"),
            std::string::npos)
      << build_model(other, {4}, 1).status().message();
}

TEST(Layers, InitializersHaveTheirVariance) {
  struct Row {
    const char* name;
    double deviation;
  };
  const Row rows[] = {{"glorot_uniform", std::sqrt(2.0 / 300)},
                      {"glorot_normal", std::sqrt(2.0 / 300)},
                      {"he_uniform", std::sqrt(2.0 / 200)},
                      {"he_normal", std::sqrt(2.0 / 200)},
                      {"lecun_uniform", std::sqrt(1.0 / 200)},
                      {"lecun_normal", std::sqrt(1.0 / 200)},
                      {"random_normal", 0.05},
                      {"zeros", 0},
                      {"orthogonal", std::sqrt(1.0 / 200)}};
  for (const Row& row : rows) {
    Result<Graph> graph = build_model(std::vector<Layer>{Dense(100).with("kernel_initializer", row.name)}, {200}, 1);
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    double squares = 0;
    Tensor kernel = graph->value(graph->find("dense/kernel")).data;
    for (float x : kernel.data<float>()) squares += static_cast<double>(x) * static_cast<double>(x);
    EXPECT_NEAR(std::sqrt(squares / 20000), row.deviation, 0.02 * row.deviation) << row.name;
  }
}

TEST(Layers, ANewHeadTakesThePlaceOfTheOld) {
  Graph base = *build_model(std::vector<Layer>{Dense(8, relu), Dense(5, relu), Dense(10, softmax)}, {4}, 1);
  Result<Graph> graph = replace_head(base, "", std::vector<Layer>{Dense(3, softmax)}, 2);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(to_string(*graph->value(graph->outputs[0]).dims), "[batch, 3]");
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "output");
  EXPECT_TRUE(graph->find("dense_1/kernel").valid());
  EXPECT_FALSE(graph->find("dense_2/kernel").valid() &&
               graph->value(graph->find("dense_2/kernel")).data.shape() == (Shape{5, 10}));
  Status status = replace_head(base, "nowhere", std::vector<Layer>{Dense(3)}, 2).status();
  EXPECT_EQ(status.code(), Code::not_found);
  EXPECT_NE(status.message().find("no value or node \"nowhere\""), std::string::npos) << status.message();
}

struct Mistake {
  std::vector<Layer> layers;
  const char* message;
};

TEST(Layers, SayWhichLayerIsWrong) {
  const Mistake mistakes[] = {
      {{}, "the model has no layers"},
      {{{"Dense", {}}}, "layer 1 (Dense): \"units\": expected a whole number from 1 to 16777216, found none; add it"},
      {{{"Desne", {}}}, "layer type \"Desne\" is not known"},
      {{Dense(3, "rleu")}, "layer 1 (Dense): activation \"rleu\" is not known"},
      {{{"Dense", {{"units", int64_t{3}}, {"activatoin", "relu"}}}},
       "unknown parameter \"activatoin\"; did you mean activation?"},
      {{{"Dense", {{"units", "three"}}}},
       "layer 1 (Dense): \"units\": expected a whole number from 1 to 16777216, found \"three\""},
      {{Conv2D(3, 3).with("kernel_size", std::vector<int64_t>{3, 3, 3})},
       "\"kernel_size\" has 3 numbers; expected 1 or 2"},
      {{Conv2D(3, 3, relu, 1, "sane")}, "padding is \"sane\""},
      {{Dense(3).with("kernel_initializer", "he_norm")},
       "initializer \"he_norm\" is not known; did you mean he_normal?"},
      {{reading(Dense(3), "a", {"inptu"})}, "there is no layer \"inptu\" before it; did you mean input?"},
      {{Dense(3).named("a"), Dense(3).named("a")}, "layer 2 (Dense): the name \"a\" is taken"},
      {{reading(Dense(3), "a", {"input", "input"})}, "takes 1 input(s); found 2"},
      {{Flatten(), MultiHeadAttention(2, 3)}, "needs sequences"},
      {{TransformerEncoder(8, 3)}, "8 features cannot be cut into 3 heads"},
      {{Flatten(), Conv2D(3, 3)}, "layer 2 (Conv2D): needs images"},
      {{Dropout(1.5)}, "\"rate\": expected a number in [0, 1), found 1.5"},
  };
  for (const Mistake& mistake : mistakes) {
    Status status = build_model(mistake.layers, {8, 8}, 1).status();
    EXPECT_EQ(status.code(), Code::invalid_argument);
    EXPECT_NE(status.message().find(mistake.message), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace slipway::train
