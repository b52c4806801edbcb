// Training: it learns by every optimizer, weighs, averages and measures, and holds what is masked or frozen.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "kernels/primitive.h"
#include "support/clouds.h"
#include "train/fine_tune.h"

namespace slipway::train {
namespace {

TEST(Trainer, LearnsWithEveryOptimizer) {
  for (const Optimizer& optimizer : optimizers()) {
    SCOPED_TRACE(fingerprint(optimizer));
    TrainerOptions o = options(10);
    o.training.optimizer = optimizer;
    auto t = trainer(o);
    Result<FitResult> result = fit(*t, {});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_GT(*result->epochs.back().validation->accuracy, 0.9);
    EXPECT_LT(result->epochs.back().train.loss, result->epochs.front().train.loss);
  }
}

// bfloat16 keeps 8 bits of each factor: the same curve within a few percent, and bytes that repeat.
TEST(Trainer, BFloat16FollowsFloat32) {
  if (!multiplies_bf16()) {
    TrainerOptions refused = options(1);
    refused.training.precision = Precision::bf16;
    auto t = Trainer::create(model(), clouds(500, 1), std::nullopt, refused);
    EXPECT_EQ(t.status().code(), Code::failed_precondition);
    GTEST_SKIP() << "this processor has no bfloat16 products";
  }
  TrainerOptions o = options(8);
  auto full = trainer(o);
  o.training.precision = Precision::bf16;
  auto rounded = trainer(o), again = trainer(o);
  Result<FitResult> a = fit(*full, {}), b = fit(*rounded, {});
  ASSERT_TRUE(a.ok() && b.ok() && fit(*again, {}).ok());
  expect_same_weights(*rounded, *again);
  bool differs = false;
  for (size_t epoch = 0; epoch < a->epochs.size(); ++epoch) {
    double expected = a->epochs[epoch].train.loss, found = b->epochs[epoch].train.loss;
    EXPECT_NEAR(found, expected, 0.05 * expected + 0.005) << "epoch " << epoch;
    differs = differs || found != expected;
  }
  EXPECT_TRUE(differs) << "nothing was rounded";
}

// Three batches of 10 whose gradients are gathered move the weights as one batch of 30 does.
TEST(Trainer, GatheredBatchesAreOneLargeBatch) {
  auto run = [](int64_t batch, int64_t steps) {
    TrainerOptions o = options(2, "sgd");
    o.batch_size = batch;
    o.training.optimizer.gradient_accumulation_steps = steps;
    auto t = *Trainer::create(model({Dense(8, "tanh"), Dense(3, softmax)}), clouds(300, 1), std::nullopt, o);
    EXPECT_TRUE(fit(*t, {}).ok());
    return *t->model();
  };
  Graph large = run(30, 1), gathered = run(10, 3);
  for (const std::string& name : trained_weights(large, {})) {
    Tensor a = large.value(large.find(name)).data, b = gathered.value(gathered.find(name)).data;
    for (size_t i = 0; i < a.data<float>().size(); ++i)
      ASSERT_NEAR(a.data<float>()[i], b.data<float>()[i], 1e-5) << name;
  }
}

// |w' - w| = lr × the norm of the clipped gradient.
TEST(Trainer, GradientsAreClipped) {
  auto moved = [](double Optimizer::*limit, double value) {
    TrainerOptions o = options(1, "sgd");
    o.batch_size = 500;
    o.training.optimizer.learning_rate = 1;
    o.training.optimizer.*limit = value;
    Graph before = model({Dense(3)});
    auto t = *Trainer::create(before, clouds(500, 1), std::nullopt, o);
    EXPECT_TRUE(fit(*t, {}).ok());
    Graph after = *t->model();
    double squares = 0, largest = 0;
    for (const std::string& name : trained_weights(before, {})) {
      Tensor a = before.value(before.find(name)).data, b = after.value(after.find(name)).data;
      for (size_t i = 0; i < a.data<float>().size(); ++i) {
        double gap = static_cast<double>(b.data<float>()[i]) - static_cast<double>(a.data<float>()[i]);
        squares += gap * gap;
        largest = std::max(largest, std::abs(gap));
      }
    }
    return std::pair(std::sqrt(squares), largest);
  };
  EXPECT_NEAR(moved(&Optimizer::global_clipnorm, 0.01).first, 0.01, 1e-5);
  EXPECT_NEAR(moved(&Optimizer::clipnorm, 0.01).first, 0.01 * std::sqrt(2), 1e-5);  // kernel and bias
  EXPECT_NEAR(moved(&Optimizer::clipvalue, 0.001).second, 0.001, 1e-6);
}

TEST(Trainer, ClassAndSampleWeightsMoveTheAnswer) {
  auto recall_of_first = [](const std::vector<double>& class_weight, bool sample_weights) {
    Dataset data = clouds(300, 1);
    Random random(5);  // the clouds overlap
    for (float& x : data.inputs.mutable_data<float>()) x += static_cast<float>(2 * random.normal());
    if (sample_weights) {
      data.weights = Tensor(DType::f32, {300});
      for (size_t i = 0; i < 300; ++i) {
        data.weights.mutable_data<float>()[i] = data.labels.data<int64_t>()[i] == 0 ? 20.0f : 1.0f;
      }
    }
    TrainerOptions o = options(20);
    o.training.loss.class_weight = class_weight;
    auto t = *Trainer::create(model({Dense(3, softmax)}), data, std::nullopt, o);
    EXPECT_TRUE(fit(*t, {}).ok());
    Evaluation e = *evaluate_model(*t->model(), o.training.loss, data, 0, {"confusion_matrix"});
    const Json& row = e.metrics["confusion_matrix"].items()[0];
    double all = 0;
    for (const Json& n : row.items()) all += n.as_double();
    return row.items()[0].as_double() / all;
  };
  double plain = recall_of_first({}, false);
  EXPECT_LT(plain, 0.9);
  EXPECT_GT(recall_of_first({20, 1, 1}, false), 0.97);
  EXPECT_GT(recall_of_first({}, true), 0.97);
}

// The averages lag behind the weights and are what is evaluated and saved.
TEST(Trainer, AveragesAreTheModel) {
  TrainerOptions o = options(1);
  o.training.optimizer.use_ema = true;
  o.training.optimizer.ema_momentum = 1;  // never moves from the initial weights
  auto t = trainer(o);
  Graph before = model();
  ASSERT_TRUE(fit(*t, {}).ok());
  Graph after = *t->model();
  Tensor a = before.value(before.find("dense/kernel")).data, b = after.value(after.find("dense/kernel")).data;
  EXPECT_TRUE(identical(a, b));
  EXPECT_EQ(*t->evaluate(clouds(200, 2))->accuracy, *evaluate_model(before, o.training.loss, clouds(200, 2))->accuracy);
}

TEST(Trainer, MeasuresMetricsOnValidationData) {
  TrainerOptions o = options(3);
  o.metrics = {"f1", "confusion_matrix"};
  auto t = trainer(o);
  FitOptions best;
  best.monitor = "val_f1";
  Result<FitResult> result = fit(*t, best);
  ASSERT_TRUE(result.ok()) << result.status().message();
  Json json = to_json(result->epochs.back());
  EXPECT_GT(json["val_f1"].as_double(), 0.5);
  EXPECT_EQ(json["val_confusion_matrix"].items().size(), 3u);
  EXPECT_FALSE(json["f1"].is_number());
}

TEST(Plateau, FallsWhenNothingImproves) {
  Plateau plateau({.factor = 0.5, .patience = 2, .cooldown = 1, .min_lr = 0.2}, false, 1.0);
  const double losses[] = {1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5};
  const double factors[] = {1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2};
  for (size_t i = 0; i < std::size(losses); ++i) {
    EXPECT_EQ(plateau.see(static_cast<int64_t>(i) + 1, losses[i]), factors[i]) << "epoch " << i + 1;
  }
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

// A learning rate that spoils what the first epochs learned.
TEST(Trainer, EndsWithTheBestEpochWhereThatIsWanted) {
  TrainerOptions o = options(6);
  o.training.optimizer = SGD(0.05);
  o.schedule = PiecewiseConstantDecay({48}, {1, 200});
  auto best = trainer(o), last = trainer(o);
  Result<FitResult> kept = fit(*best, {.restore_best = true}), plain = fit(*last, {});
  ASSERT_TRUE(kept.ok() && plain.ok()) << kept.status().message();
  EXPECT_EQ(kept->monitor, "val_loss");
  EXPECT_LT(kept->best_epoch, 6);
  EXPECT_EQ(kept->kept_epoch, kept->best_epoch);
  EXPECT_EQ(plain->kept_epoch, 6);
  EXPECT_NEAR(best->evaluate(clouds(200, 2))->loss, kept->best, 1e-6);
  EXPECT_GT(last->evaluate(clouds(200, 2))->loss, kept->best);
  // Without validation nothing says which is best: the last is kept.
  auto blind = *Trainer::create(model(), clouds(500, 1), std::nullopt, o);
  EXPECT_EQ(fit(*blind, {.restore_best = true})->kept_epoch, 6);
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

TEST(Trainer, AFreezeThatFreezesNothingIsAMistake) {
  TrainerOptions o = options(1);
  o.training.freeze = {"dense/*", "densse_1*"};
  Status status = Trainer::create(model(), clouds(90, 1), std::nullopt, o).status();
  EXPECT_NE(status.message().find("no weight of the model is called \"densse_1*\"; they are dense/kernel, dense/bias"),
            std::string::npos)
      << status.message();
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

TEST(Trainer, FrozenNormalizationKeepsItsStatistics) {
  TrainerOptions o = options(1);
  o.training.freeze = {"batch_normalization/*"};
  auto t =
      *Trainer::create(model({Dense(8), BatchNormalization(), Dense(3, softmax)}), clouds(500, 1), std::nullopt, o);
  ASSERT_TRUE(fit(*t, {}).ok());
  Graph after = *t->model();
  EXPECT_TRUE(identical(after.value(after.find("batch_normalization/moving_mean")).data, Tensor(DType::f32, {8})));
}

TEST(Trainer, ANewHeadLearnsOnFrozenFeatures) {
  auto t = trainer(options(5));
  ASSERT_TRUE(fit(*t, {}).ok());
  Result<Graph> changed = replace_head(*t->model(), "", std::vector<Layer>{Dense(3, softmax).named("head")}, 7);
  ASSERT_TRUE(changed.ok()) << changed.status().message();
  EXPECT_FALSE(changed->find("dense_1/kernel").valid());
  TrainerOptions o = options(5);
  o.training.freeze = {"dense/*"};
  auto next = *Trainer::create(*changed, clouds(500, 1), clouds(200, 2), o);
  ASSERT_TRUE(fit(*next, {}).ok());
  EXPECT_GT(*next->evaluate(clouds(200, 2))->accuracy, 0.9);
  Graph after = *next->model();
  EXPECT_TRUE(
      identical(after.value(after.find("dense/kernel")).data, changed->value(changed->find("dense/kernel")).data));
}

TEST(Trainer, FreezingEverythingSparesTheNewHead) {
  auto t = trainer(options(3));
  ASSERT_TRUE(fit(*t, {}).ok());
  const std::vector<Layer> head = {Dense(6, relu), BatchNormalization(), Dense(3, softmax)};
  Graph changed = *replace_head(*t->model(), "", head, 7);
  TrainerOptions o = options(5);
  o.training.freeze = {"*"};
  EXPECT_NE(Trainer::create(changed, clouds(500, 1), std::nullopt, o).status().message().find("all frozen?"),
            std::string::npos);
  for (const std::string& name : trained_weights(changed, {})) {
    if (name != "dense/kernel" && name != "dense/bias") o.training.spared.push_back(name);
  }
  EXPECT_EQ(o.training.spared.size(), 6u);
  auto next = *Trainer::create(changed, clouds(500, 1), clouds(200, 2), o);
  ASSERT_TRUE(fit(*next, {}).ok());
  Graph after = *next->model();
  for (const std::string& name : trained_weights(changed, {})) {
    const bool stays = name == "dense/kernel" || name == "dense/bias";
    EXPECT_EQ(identical(after.value(after.find(name)).data, changed.value(changed.find(name)).data), stays) << name;
  }
  EXPECT_FALSE(identical(after.value(after.find("batch_normalization/moving_mean")).data, Tensor(DType::f32, {6})));
  o.training.freeze = {o.training.spared[0]};
  EXPECT_NE(Trainer::create(changed, clouds(500, 1), std::nullopt, o)
                .status()
                .message()
                .find("no weight of the model is called"),
            std::string::npos)
      << "what is spared is no weight to freeze";
}

}  // namespace
}  // namespace slipway::train
