// Targets of any size are learned, and told in their own unit.
#include "train/target_scaling.h"

#include <cmath>

#include <gtest/gtest.h>

#include "formats/onnx.h"
#include "slipway/layers.h"
#include "train/layers.h"
#include "train/trainer.h"

namespace slipway::train {
namespace {

// Prices in the hundreds of thousands: y = 300000 + 100000 a - 50000 b.
Dataset prices(const char* kind = "table") {
  constexpr int64_t kRows = 64;
  Dataset data;
  data.name = "prices";
  data.inputs = Tensor(DType::f32, {kRows, 2});
  data.labels = Tensor(DType::f32, {kRows, 1});
  for (int64_t i = 0; i < kRows; ++i) {
    const float a = static_cast<float>(i % 8) / 4 - 1, b = static_cast<float>(i / 8) / 4 - 1;
    data.inputs.mutable_data<float>()[static_cast<size_t>(2 * i)] = a;
    data.inputs.mutable_data<float>()[static_cast<size_t>(2 * i + 1)] = b;
    data.labels.mutable_data<float>()[static_cast<size_t>(i)] = 300'000 + 100'000 * a - 50'000 * b;
  }
  auto preparation = std::make_shared<Preparation>();
  preparation->kind = kind;
  data.preparation = preparation;
  return data;
}

Graph dense(const Dataset& data, const ActivationName& activation = linear) {
  return build_model(std::vector<Layer>{Dense(data.label_width(), activation)}, data, 1).value();
}

TEST(TargetScaling, PlainGradientDescentLearnsLargeNumbers) {
  const Dataset data = prices();
  Graph model = dense(data);
  const Loss loss("mean_squared_error");
  ASSERT_TRUE(add_target_scaling(model, data, loss).ok());
  EXPECT_EQ(model.value(model.outputs[0]).name, "output");
  TrainerOptions options;
  options.training.loss = loss;
  options.training.optimizer = SGD(0.1);
  options.epochs = 30;
  options.batch_size = 16;
  options.metrics = {"rmse", "r2"};
  auto trainer = Trainer::create(model, data, data, options);
  ASSERT_TRUE(trainer.ok()) << trainer.status().message();
  std::optional<EpochResult> last;
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    Result<EpochResult> result = (*trainer)->run_epoch();
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_LT(result->train.loss, 10) << "the loss is told in deviations";
    last = *result;
  }
  EXPECT_GT(last->validation->metrics["r2"].as_double(), 0.9999);
  EXPECT_LT(last->validation->metrics["rmse"].as_double(), 1000) << "the metrics are told in the target's unit";
  EXPECT_NEAR(last->validation->loss, std::pow(last->validation->metrics["rmse"].as_double() / 64'000, 2), 1e-4);

  // A file keeps it, and training goes on from there.
  Result<Graph> back = read_onnx(*write_onnx(*(*trainer)->model()));
  ASSERT_TRUE(back.ok()) << back.status().message();
  ASSERT_TRUE(target_scaling(*back, back->outputs[0]).has_value());
  Result<Evaluation> again = evaluate_model(*back, loss, data, 1, {"r2"});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_NEAR(again->loss, last->validation->loss, 1e-6);
}

TEST(TargetScaling, MeanAndDeviationOfEachTarget) {
  Dataset data = prices("series");
  data.labels = Tensor::of<float>({4, 2}, {1, 7, 3, 7, 1, 7, 3, 7});
  data.inputs = Tensor(DType::f32, {4, 2});
  Graph model = dense(data);
  ASSERT_TRUE(add_target_scaling(model, data, Loss("huber")).ok());
  std::optional<TargetScaling> scaling = target_scaling(model, model.outputs[0]);
  ASSERT_TRUE(scaling.has_value());
  EXPECT_EQ(model.value(scaling->offset).data.data<float>()[0], 2);
  EXPECT_EQ(model.value(scaling->offset).data.data<float>()[1], 7);
  EXPECT_EQ(model.value(scaling->scale).data.data<float>()[0], 1);
  EXPECT_EQ(model.value(scaling->scale).data.data<float>()[1], 1) << "a constant";
}

TEST(TargetScaling, OnlyWhereItIsAskedFor) {
  const Loss squared("mean_squared_error");
  auto scaled = [](Graph model, const Dataset& data, const Loss& loss) {
    EXPECT_TRUE(add_target_scaling(model, data, loss).ok());
    return target_scaling(model, model.outputs[0]).has_value();
  };
  const Dataset data = prices();
  EXPECT_TRUE(scaled(dense(data), data, squared));
  EXPECT_FALSE(scaled(dense(data, relu), data, squared)) << "what is never below 0 would be never below the mean";
  EXPECT_FALSE(scaled(dense(data), data, Loss("binary_crossentropy")));
  EXPECT_FALSE(scaled(dense(data), prices("interactions"), squared));
  Dataset labels = prices();
  labels.classes = {"high"};
  EXPECT_FALSE(scaled(dense(data), labels, squared));
}

}  // namespace
}  // namespace slipway::train
