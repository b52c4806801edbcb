// Training: it learns, repeats to the byte, resumes bit for bit, holds masks, and says what is wrong.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "train/fine_tune.h"
#include "train/fit.h"
#include "train/layers.h"

namespace slipway::train {
namespace {

// Three Gaussian clouds in four dimensions.
Dataset clouds(int64_t n, uint64_t seed) {
  Dataset data;
  data.name = "clouds";
  data.inputs = Tensor(DType::f32, {n, 4});
  data.labels = Tensor(DType::i64, {n});
  data.classes = {"a", "b", "c"};
  Random random(seed);
  for (int64_t i = 0; i < n; ++i) {
    int64_t label = static_cast<int64_t>(random.below(3));
    data.labels.mutable_data<int64_t>()[static_cast<size_t>(i)] = label;
    for (int64_t j = 0; j < 4; ++j) {
      double center = j == label ? 2 : 0;
      data.inputs.mutable_data<float>()[static_cast<size_t>(4 * i + j)] =
          static_cast<float>(center + 0.5 * random.normal());
    }
  }
  return data;
}

Graph model(std::vector<Layer> layers = {Dense(8, relu), Dropout(0.2), Dense(3, softmax)}) {
  Result<Graph> graph = build_model(layers, {4}, 1);
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  return *graph;
}

TrainerOptions options(int64_t epochs, const std::string& optimizer = "adam") {
  TrainerOptions o;
  o.epochs = epochs;
  o.training.optimizer = {.type = optimizer, .learning_rate = 0.02, .momentum = optimizer == "sgd" ? 0.9 : 0};
  return o;
}

std::unique_ptr<Trainer> trainer(const TrainerOptions& o) {
  Result<std::unique_ptr<Trainer>> t = Trainer::create(model(), clouds(500, 1), clouds(200, 2), o);
  EXPECT_TRUE(t.ok()) << t.status().message();
  return *std::move(t);
}

void expect_same_weights(const Trainer& a, const Trainer& b) {
  Graph x = *a.model(), y = *b.model();
  for (const std::string& name : trained_weights(x, {})) {
    EXPECT_TRUE(identical(x.value(x.find(name)).data, y.value(y.find(name)).data)) << name;
  }
}

TEST(Trainer, LearnsWithEveryOptimizer) {
  for (const char* optimizer : {"sgd", "adam", "adamw"}) {
    auto t = trainer(options(10, optimizer));
    Result<FitResult> result = fit(*t, {});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_GT(*result->epochs.back().validation->accuracy, 0.95) << optimizer;
    EXPECT_LT(result->epochs.back().train.loss, result->epochs.front().train.loss);
  }
}

TEST(Trainer, TheSameSeedGivesTheSameBytes) {
  auto a = trainer(options(3)), b = trainer(options(3));
  ASSERT_TRUE(fit(*a, {}).ok());
  ASSERT_TRUE(fit(*b, {}).ok());
  expect_same_weights(*a, *b);
}

TEST(Trainer, ResumesBitForBit) {
  TemporaryDirectory folder;
  auto whole = trainer(options(4));
  ASSERT_TRUE(fit(*whole, {}).ok());
  auto first = trainer(options(2));
  ASSERT_TRUE(fit(*first, {.checkpoints = folder.path()}).ok());
  auto second = trainer(options(4));
  Result<FitResult> result = fit(*second, {.checkpoints = folder.path(), .resume = true});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result->resumed);
  EXPECT_EQ(result->epochs.size(), 4u);
  expect_same_weights(*whole, *second);
}

TEST(Trainer, RefusesACheckpointOfAnotherRun) {
  TemporaryDirectory folder;
  auto first = trainer(options(1));
  ASSERT_TRUE(fit(*first, {.checkpoints = folder.path()}).ok());
  TrainerOptions other = options(2);
  other.batch_size = 64;
  auto second = trainer(other);
  Status status = fit(*second, {.checkpoints = folder.path(), .resume = true}).status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find("resume with the recipe it was made with"), std::string::npos) << status.message();
}

TEST(Trainer, StopsEarlyAndRestoresTheBest) {
  TrainerOptions o = options(200);
  auto t = trainer(o);
  FitOptions early;
  early.early_stopping = EarlyStopping{.monitor = "val_loss", .patience = 2};
  Result<FitResult> result = fit(*t, early);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result->stopped_early);
  EXPECT_EQ(static_cast<int64_t>(result->epochs.size()), result->best_epoch + 2);
  EXPECT_NEAR(t->evaluate(clouds(200, 2))->loss, result->best, 1e-6);
}

TEST(Trainer, MaskedWeightsStayZero) {
  Graph graph = model();
  Value& kernel = graph.value(graph.find("dense/kernel"));
  kernel.data = kernel.data.clone();
  Tensor mask(DType::f32, kernel.data.shape());
  for (int64_t i = 0; i < mask.count(); ++i) {
    auto k = static_cast<size_t>(i);
    mask.mutable_data<float>()[k] = i % 2 == 0 ? 1.0f : 0.0f;
    if (i % 2 != 0) kernel.data.mutable_data<float>()[k] = 0;
  }
  Result<Graph> tuned = fine_tune(graph, {{"dense/kernel", mask}}, clouds(500, 1), options(2));
  ASSERT_TRUE(tuned.ok()) << tuned.status().message();
  Tensor after = tuned->value(tuned->find("dense/kernel")).data;
  for (int64_t i = 1; i < after.count(); i += 2) EXPECT_EQ(after.data<float>()[static_cast<size_t>(i)], 0.0f);
  EXPECT_FALSE(identical(after, kernel.data));
}

TEST(Trainer, FrozenWeightsStay) {
  TrainerOptions o = options(1);
  o.training.freeze = {"dense/*"};
  auto t = trainer(o);
  Graph before = *t->model();
  ASSERT_TRUE(fit(*t, {}).ok());
  Graph after = *t->model();
  EXPECT_TRUE(identical(before.value(before.find("dense/kernel")).data, after.value(after.find("dense/kernel")).data));
  EXPECT_FALSE(
      identical(before.value(before.find("dense_1/kernel")).data, after.value(after.find("dense_1/kernel")).data));
}

TEST(Trainer, BatchNormalizationMovesItsStatistics) {
  Result<std::unique_ptr<Trainer>> t = Trainer::create(model({Dense(8), BatchNormalization(), Dense(3, softmax)}),
                                                       clouds(500, 1), std::nullopt, options(2));
  ASSERT_TRUE(t.ok()) << t.status().message();
  ASSERT_TRUE(fit(**t, {}).ok());
  Graph after = *(*t)->model();
  Tensor mean = after.value(after.find("batch_normalization/moving_mean")).data;
  EXPECT_FALSE(identical(mean, Tensor(DType::f32, {8})));
  EXPECT_GT(*(*t)->evaluate(clouds(200, 2))->accuracy, 0.6);
}

TEST(Trainer, SaysWhenTheLossDiverges) {
  TrainerOptions o = options(50, "sgd");
  o.training.optimizer.learning_rate = 1e5;
  Status status = fit(*trainer(o), {}).status();
  EXPECT_EQ(status.code(), Code::failed_precondition);
  EXPECT_NE(status.message().find("lower the learning rate"), std::string::npos) << status.message();
}

TEST(Trainer, SaysWhenLabelsDoNotFitTheOutput) {
  Dataset data = clouds(10, 1);
  TrainerOptions o = options(1);
  o.training.loss = Loss::mean_squared_error;
  Status status = Trainer::create(model(), data, std::nullopt, o).status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find("1 label value(s) per example"), std::string::npos) << status.message();
}

TEST(Schedule, RisesAndFalls) {
  Schedule linear{.type = "linear", .end = 0, .warmup_steps = 0};
  EXPECT_DOUBLE_EQ(schedule_factor(linear, 0, 10), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(linear, 5, 10), 0.5);
  Schedule cosine{.type = "cosine", .end = 0.1, .warmup_steps = 4};
  EXPECT_DOUBLE_EQ(schedule_factor(cosine, 0, 104), 0.2);
  EXPECT_DOUBLE_EQ(schedule_factor(cosine, 4, 104), 1);
  EXPECT_NEAR(schedule_factor(cosine, 54, 104), 0.55, 1e-12);
}

}  // namespace
}  // namespace slipway::train
