// Gradients through whole models against central differences.
#include "train/autodiff.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "ops/all.h"
#include "runtime/session.h"
#include "train/layers.h"
#include "train/losses.h"

namespace slipway::train {
namespace {

Tensor random_tensor(Shape shape, uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.normal());
  return t;
}

// loss and the gradient of `weight` for a model of these layers.
struct Probe {
  Graph graph;
  ValueId weight;

  std::vector<Tensor> run(const Tensor& x, const Tensor& y, const Tensor& value) const {
    Graph copy = graph;
    copy.value(weight).data = value;
    auto session = Session::create(copy, {.threads = 1});
    EXPECT_TRUE(session.ok()) << session.status().message();
    auto outputs = (*session)->run(std::vector<Tensor>{x, y});
    EXPECT_TRUE(outputs.ok()) << outputs.status().message();
    return outputs.ok() ? *outputs : std::vector<Tensor>();
  }
};

Result<Probe> probe(const std::vector<Layer>& layers, const Shape& example, const std::string& weight) {
  Probe p;
  p.graph = TRY(build_sequential(layers, example, 3));
  Builder b(p.graph, all_operators());
  LossValues loss = TRY(add_loss(b, p.graph.outputs[0], Loss::sparse_categorical_crossentropy));
  p.weight = p.graph.find(weight);
  auto gradients = TRY(add_gradients(b, loss.loss, b.scalar(1), std::vector<ValueId>{p.weight}));
  p.graph.outputs = {loss.loss, gradients.at(p.weight)};
  return p;
}

void expect_gradient(const std::vector<Layer>& layers, const Shape& example, const std::string& weight) {
  Result<Probe> p = probe(layers, example, weight);
  ASSERT_TRUE(p.ok()) << p.status().message();
  Shape shape = example;
  shape.insert(shape.begin(), 4);
  Tensor x = random_tensor(shape, 1), y = Tensor::of<int64_t>({4}, {0, 2, 1, 2});
  Tensor value = p->graph.value(p->weight).data;
  std::vector<Tensor> at = p->run(x, y, value);
  ASSERT_EQ(at.size(), 2u);
  ASSERT_EQ(at[1].shape(), value.shape());
  constexpr float kStep = 2e-3f;
  for (int64_t i = 0; i < value.count(); i += 1 + value.count() / 7) {
    Tensor up = value.clone(), down = value.clone();
    up.mutable_data<float>()[static_cast<size_t>(i)] += kStep;
    down.mutable_data<float>()[static_cast<size_t>(i)] -= kStep;
    float slope = (p->run(x, y, up)[0].data<float>()[0] - p->run(x, y, down)[0].data<float>()[0]) / (2 * kStep);
    EXPECT_NEAR(at[1].data<float>()[static_cast<size_t>(i)], slope, 2e-3 + 0.02 * std::abs(slope))
        << weight << " " << i;
  }
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

TEST(Autodiff, NamesTheNodeWithoutAGradient) {
  Graph graph;
  ValueId x = graph.add_input("x", DType::f32, Dims{4, 4});
  ValueId w = graph.add_constant("w", random_tensor({4, 4}, 1));
  Builder b(graph, all_operators());
  ValueId u8 = b.ops("DynamicQuantizeLinear", {b.mul(x, w)}, 3)[1];
  Result<std::map<ValueId, ValueId>> gradients = add_gradients(b, u8, b.scalar(1), std::vector<ValueId>{w});
  ASSERT_FALSE(gradients.ok());
  EXPECT_EQ(gradients.status().code(), Code::unimplemented);
  EXPECT_NE(gradients.status().message().find("DynamicQuantizeLinear"), std::string::npos);
}

}  // namespace
}  // namespace slipway::train
