// The public model: layers that branch, callbacks and metrics, another task.
#include "slipway/model.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"

namespace slipway {
namespace {

// Which of two points is farther from 0?
struct Points {
  Tensor x = Tensor(DType::f32, {600, 2}), y = Tensor(DType::i64, {600});

  Points() {
    Random random(3);
    for (size_t i = 0; i < 600; ++i) {
      double a = random.normal(), b = random.normal();
      x.mutable_data<float>()[2 * i] = static_cast<float>(a);
      x.mutable_data<float>()[2 * i + 1] = static_cast<float>(b);
      y.mutable_data<int64_t>()[i] = std::abs(a) > std::abs(b);
    }
  }
};

TEST(Model, LearnsThroughAResidualConnection) {
  Points points;
  Symbol x = Input();
  Symbol h = Dense(16, relu)(x);
  Symbol sum = Add()({h, Dense(16, relu)(h)});
  Model model(x, Dense(2, softmax).named("answer")(sum));
  ASSERT_TRUE(model.compile({.optimizer = Adam(0.01), .schedule = CosineDecay(0.1), .metrics = {"auc"}}).ok());
  TemporaryDirectory folder;
  FitArguments arguments{.epochs = 20, .validation_split = 0.2};
  arguments.csv_log = folder.path() / "log.csv";
  Result<History> history = model.fit(points.x, points.y, arguments);
  ASSERT_TRUE(history.ok()) << history.status().message();
  EXPECT_GT(history->back().validation->others.at("auc"), 0.97);
  EXPECT_TRUE(std::filesystem::exists(arguments.csv_log));
  EXPECT_NE(model.summary().find("answer/kernel"), std::string::npos);
  EXPECT_GT(model.evaluate(points.x, points.y)->accuracy.value(), 0.9);
}

TEST(Model, LearnsAnotherTaskOnFrozenLayers) {
  Points points;
  Sequential model({Dense(16, relu), Dense(2, softmax)});
  ASSERT_TRUE(model.compile({.optimizer = Adam(0.01)}).ok());
  EXPECT_EQ(model.replace_head({Dense(1)}).code(), Code::failed_precondition);
  ASSERT_TRUE(model.fit(points.x, points.y, {.epochs = 10}).ok());
  TemporaryDirectory folder;
  ASSERT_TRUE(model.save(folder.path() / "m.onnx").ok());

  Result<Model> next = Model::load(folder.path() / "m.onnx");
  ASSERT_TRUE(next.ok()) << next.status().message();
  ASSERT_TRUE(next->replace_head({Dense(1, sigmoid).named("head")}).ok());
  next->freeze({"dense/*"});
  ASSERT_TRUE(next->compile({.optimizer = RMSprop(0.01), .loss = "binary_crossentropy"}).ok());
  Tensor weights(DType::f32, {600});
  for (float& w : weights.mutable_data<float>()) w = 2;
  FitArguments arguments{.epochs = 10};
  arguments.sample_weight = weights;
  Result<History> history = next->fit(points.x, points.y.cast(DType::f32).reshaped({600, 1}), arguments);
  ASSERT_TRUE(history.ok()) << history.status().message();
  EXPECT_GT(*history->back().train.accuracy, 0.85);
}

TEST(Model, SaysWhatItDoesNotKnow) {
  Sequential model({Dense(1)});
  EXPECT_NE(model.compile({.loss = "hubber"}).message().find("did you mean"), std::string::npos);
  EXPECT_NE(model.compile({.optimizer = {.type = "adma"}}).message().find("did you mean adam?"), std::string::npos);
  EXPECT_NE(model.compile({.metrics = {"ac"}}).message().find("not known"), std::string::npos);
}

// <cmath> declares a function of the same name.
TEST(Model, TanhIsSpelledLikeTheOtherActivations) {
  const Layer dense = Dense(16, tanh);
  EXPECT_EQ(std::get<std::string>(dense.parameters.at("activation")), "tanh");
  EXPECT_EQ(std::get<std::string>(Activation(tanh).parameters.at("activation")), "tanh");
  EXPECT_EQ(std::get<std::string>(Dense(16, "swish").parameters.at("activation")), "swish");
}

}  // namespace
}  // namespace slipway
