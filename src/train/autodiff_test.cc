// Gradients through whole models against central differences.
#include "rewrite/autodiff.h"

#include <gtest/gtest.h>

#include "support/gradient_probe.h"
#include "train/training_graph.h"

namespace slipway::train {
namespace {

void expect_gradient(const std::vector<Layer>& layers, const Shape& example, const std::string& weight) {
  Shape shape = example;
  shape.insert(shape.begin(), 4);
  GradientProbe probe = {layers, random_tensor(shape, 1), Tensor::of<int64_t>({4}, {0, 2, 1, 2}), {}};
  probe.expect_gradient(weight);
}

TEST(Autodiff, DenseLayers) {
  std::vector<Layer> layers = {Dense(5, "tanh"), Dense(3, softmax)};
  for (const char* weight : {"dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"}) {
    expect_gradient(layers, {6}, weight);
  }
}

TEST(Autodiff, ConvolutionPoolingAndNormalization) {
  std::vector<Layer> layers = {Conv2D(3, 3, "tanh", 1, "same"),
                               AveragePooling2D(2),
                               BatchNormalization(),
                               Conv2D(4, 2),
                               AveragePooling2D(2),
                               Flatten(),
                               LayerNormalization(),
                               Dense(3, softmax)};
  for (const char* weight : {"conv2d/kernel", "conv2d/bias", "batch_normalization/gamma", "batch_normalization/beta",
                             "conv2d_1/kernel", "layer_normalization/gamma", "dense/kernel"}) {
    expect_gradient(layers, {1, 8, 8}, weight);
  }
}

TEST(Autodiff, GlobalPooling) {
  expect_gradient({Conv2D(3, 3, "gelu"), GlobalAveragePooling2D(), Dense(3, softmax)}, {2, 6, 6}, "conv2d/kernel");
}

TEST(Autodiff, DepthwiseSeparableAndOneDimension) {
  std::vector<Layer> image = {SeparableConv2D(4, 3, "tanh"), DepthwiseConv2D(2, "tanh"), GlobalMaxPooling2D(),
                              Dense(3, softmax)};
  for (const char* weight : {"separable_conv2d/depthwise_kernel", "separable_conv2d/pointwise_kernel",
                             "depthwise_conv2d/kernel", "depthwise_conv2d/bias"}) {
    expect_gradient(image, {2, 6, 6}, weight);
  }
  std::vector<Layer> sequence = {Conv1D(4, 3, "tanh", 1, "causal"), AveragePooling1D(2), GlobalAveragePooling1D(),
                                 Dense(3, softmax)};
  expect_gradient(sequence, {8, 2}, "conv1d/kernel");
  expect_gradient({Conv3D(2, 2, "tanh"), Flatten(), Dense(3, softmax)}, {1, 3, 3, 3}, "conv3d/kernel");
}

// Weights that stand still beside one that is learned take other kernels forward; the gradient must pass them too.
TEST(Autodiff, RecurrentLayers) {
  for (const char* type : {"LSTM", "GRU", "SimpleRNN"}) {
    SCOPED_TRACE(type);
    const Layer layer = {type, {{"units", int64_t{4}}, {"return_sequences", true}}, "inner", {}};
    const std::vector<Layer> layers = {Dense(3, "tanh"), layer, Flatten(), Dense(3, softmax)};
    for (const char* weight : {"dense/kernel", "inner/kernel", "inner/recurrent_kernel", "inner/bias"}) {
      expect_gradient(layers, {5, 2}, weight);
    }
  }
}

TEST(Autodiff, AttentionAndTransformers) {
  std::vector<Layer> layers = {SinePositionEncoding(),
                               MultiHeadAttention(2, 3),
                               PositionEmbedding(),
                               TransformerEncoder(8, 2),
                               TransformerDecoder(8, 2).with("normalize_first", true),
                               RMSNormalization(),
                               GlobalAveragePooling1D(),
                               Dense(3, softmax)};
  for (const char* weight :
       {"multi_head_attention/query/kernel", "multi_head_attention/key/kernel", "multi_head_attention/value/bias",
        "multi_head_attention/attention_output/kernel", "position_embedding/position_embedding",
        "transformer_encoder/self_attention/query/kernel", "transformer_encoder/feed_forward/intermediate/kernel",
        "transformer_encoder/feed_forward/layer_norm/gamma", "transformer_decoder/self_attention/value/kernel",
        "rms_normalization/scale"}) {
    expect_gradient(layers, {5, 4}, weight);
  }
}

TEST(Autodiff, ShapesAndMerges) {
  std::vector<Layer> layers = {Conv2D(2, 2, "tanh").named("conv"),
                               ZeroPadding2D({1, 0}),
                               UpSampling2D(2),
                               Cropping2D({1}),
                               Flatten().named("flat"),
                               Dense(4, "tanh").named("left")};
  Layer right = Dense(4, "silu").named("right"), both = Concatenate().named("both"), sum = Add().named("sum");
  right.inputs = {"flat"};
  both.inputs = {"left", "right"};
  Layer wide = Dense(8, "squareplus").named("wide");
  sum.inputs = {"both", "wide"};
  layers.insert(layers.end(), {right, both, wide, sum, Dense(3, softmax)});
  for (const char* weight : {"conv/kernel", "left/kernel", "right/kernel", "wide/bias"}) {
    expect_gradient(layers, {1, 4, 4}, weight);
  }
  expect_gradient({Dense(4), RepeatVector(3), Permute({2, 1}), Flatten(), Dense(3, softmax)}, {5}, "dense/kernel");
}

TEST(Autodiff, NamesTheNodeWithoutAGradient) {
  Graph graph;
  ValueId x = graph.add_input("x", DType::f32, Dims{4, 4});
  ValueId w = graph.add_constant("w", random_tensor({4, 4}, 1));
  Builder b(graph, all_operators());
  ValueId u8 = b.ops("DynamicQuantizeLinear", {b.mul(x, w)}, 3)[1];
  Result<std::map<ValueId, ValueId>> gradients = rewrite::add_gradients(b, u8, b.scalar(1), std::vector<ValueId>{w});
  ASSERT_FALSE(gradients.ok());
  EXPECT_EQ(gradients.status().code(), Code::unimplemented);
  EXPECT_NE(gradients.status().message().find("DynamicQuantizeLinear"), std::string::npos);
}

// A training step keeps gates and states of recurrent layers for the backward pass; without them it runs the layer
// again. Both are one gradient.
TEST(Autodiff, RecurrentLayersLeaveATape) {
  const std::vector<std::vector<Layer>> models = {{LSTM(19, true), LSTM(4), Dense(3, softmax)},
                                                  {GRU(5, true), GRU(4), Dense(3, softmax)},
                                                  {SimpleRNN(5), Dense(3, softmax)},
                                                  {Bidirectional(LSTM(5)), Dense(3, softmax)},
                                                  {Bidirectional(GRU(5)), Dense(3, softmax)}};
  for (const std::vector<Layer>& layers : models) {
    GradientProbe probe = {layers, random_tensor({4, 6, 3}, 1), Tensor::of<int64_t>({4}, {0, 2, 1, 2}), {}};
    Result<Graph> model = build_model(layers, {6, 3}, 3);
    ASSERT_TRUE(model.ok()) << model.status().message();
    Result<Graph> step = make_training_graph(*model, {.optimizer = SGD(1)});
    ASSERT_TRUE(step.ok()) << step.status().message();
    auto session = Session::create(*step, {.threads = 1});
    ASSERT_TRUE(session.ok()) << session.status().message();
    std::vector<Tensor> in = {probe.x, probe.y, Tensor::scalar(1.0f), Tensor::scalar(int64_t{1})};
    ASSERT_TRUE((*session)->run(in).ok());
    for (const std::string& weight : trained_weights(*model, {})) {
      Result<std::vector<Tensor>> expected = probe.run(weight, {});
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      std::span<const float> before = (*expected)[2].data<float>(), slope = (*expected)[1].data<float>();
      Tensor after = *(*session)->state(weight);
      for (size_t i = 0; i < slope.size(); ++i) {
        ASSERT_NEAR(before[i] - after.data<float>()[i], slope[i], 1e-5) << weight << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace slipway::train
