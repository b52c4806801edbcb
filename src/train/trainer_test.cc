// Training: it learns, repeats to the byte, resumes bit for bit, holds masks, and says what is wrong.
#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "graph/builder.h"
#include "kernels/primitive.h"
#include "ops/all.h"
#include "train/fine_tune.h"
#include "train/fit.h"
#include "train/imported.h"
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
  o.training.optimizer = {.type = optimizer, .learning_rate = 0.02};
  return o;
}

// What is heard in 12 steps: each of 1 to 3 symbols of {1, 2, 3} for some steps, with silence between.
Dataset utterances(int64_t n, uint64_t seed) {
  constexpr int64_t kSteps = 12, kFeatures = 4, kMost = 3;
  Dataset data;
  data.name = "utterances";
  data.inputs = Tensor(DType::f32, {n, kSteps, kFeatures});
  data.labels = Tensor(DType::i64, {n, kMost});
  data.classes = {"blank", "a", "b", "c"};
  Random random(seed);
  std::span<float> x = data.inputs.mutable_data<float>();
  for (float& value : x) value = 0.2f * static_cast<float>(random.normal());
  for (int64_t i = 0; i < n; ++i) {
    int64_t step = 0;
    const int64_t count = 1 + static_cast<int64_t>(random.below(kMost));
    for (int64_t k = 0; k < count; ++k) {
      const int64_t symbol = 1 + static_cast<int64_t>(random.below(3));
      data.labels.mutable_data<int64_t>()[static_cast<size_t>(kMost * i + k)] = symbol;
      for (int64_t lasts = 1 + static_cast<int64_t>(random.below(3)); lasts > 0; --lasts, ++step) {
        x[static_cast<size_t>((i * kSteps + step) * kFeatures + symbol)] += 1;
      }
      ++step;
    }
  }
  return data;
}

// Every way of moving weights, with state of every kind.
std::vector<Optimizer> optimizers() {
  Optimizer clipped = Adam(0.02), gathered = Adam(0.02), averaged = SGD(0.05, 0.9), all = RMSprop(0.01, 0.9, 0.5);
  clipped.clipvalue = 0.1;
  clipped.clipnorm = 0.5;
  clipped.global_clipnorm = 0.5;
  gathered.gradient_accumulation_steps = 3;
  averaged.use_ema = true;
  averaged.ema_momentum = 0.9;
  all.weight_decay = 0.01;
  all.use_ema = true;
  all.ema_momentum = 0.9;
  all.gradient_accumulation_steps = 2;
  all.global_clipnorm = 1;
  return {SGD(0.1),
          SGD(0.05, 0.9),
          SGD(0.05, 0.9, true),
          RMSprop(0.01),
          RMSprop(0.01, 0.9, 0.9),
          Adagrad(0.1),
          Adam(0.02),
          AdamW(0.02, 0.01),
          Lion(0.005),
          Lamb(0.05, 0.01),
          clipped,
          gathered,
          averaged,
          all};
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

TEST(Trainer, LearnsLabelsThatAreNotAligned) {
  TrainerOptions o = options(40);
  o.training.loss = "ctc";
  o.metrics = {"edit_distance"};
  std::vector<Layer> layers = {Conv1D(8, 3, relu, 1, "same"), Dense(4)};
  Dataset train = utterances(256, 1), test = utterances(64, 2);
  Result<Graph> graph = build_model(layers, train.example_shape(), 1);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  auto trainer = Trainer::create(*graph, train, std::nullopt, o);
  ASSERT_TRUE(trainer.ok()) << trainer.status().message();
  for (int64_t epoch = 0; epoch < o.epochs; ++epoch) ASSERT_TRUE((*trainer)->run_epoch().ok());
  Evaluation after = *(*trainer)->evaluate(test);
  EXPECT_LT(after.metrics["edit_distance"].as_double(), 0.1) << after.loss;
}

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

TEST(Trainer, TheSameSeedGivesTheSameBytes) {
  auto a = trainer(options(3)), b = trainer(options(3));
  ASSERT_TRUE(fit(*a, {}).ok());
  ASSERT_TRUE(fit(*b, {}).ok());
  expect_same_weights(*a, *b);
}

TEST(Trainer, ResumesBitForBitWithEveryOptimizer) {
  for (const Optimizer& optimizer : optimizers()) {
    SCOPED_TRACE(fingerprint(optimizer));
    TemporaryDirectory folder;
    auto with_epochs = [&](int64_t epochs) {
      TrainerOptions o = options(epochs);
      o.training.optimizer = optimizer;
      o.schedule = StepDecay(20, 0.9);
      return trainer(o);
    };
    auto whole = with_epochs(4), first = with_epochs(2), second = with_epochs(4);
    ASSERT_TRUE(fit(*whole, {}).ok());
    ASSERT_TRUE(fit(*first, {.checkpoints = folder.path()}).ok());
    Result<FitResult> result = fit(*second, {.checkpoints = folder.path(), .resume = true});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_TRUE(result->resumed);
    EXPECT_EQ(result->epochs.size(), 4u);
    expect_same_weights(*whole, *second);
  }
}

// Stopped after a step, with sums, slots and gathered gradients in the middle of an epoch.
TEST(Trainer, StopsWithinAnEpochAndGoesOnBitForBit) {
  for (const Optimizer& optimizer : optimizers()) {
    SCOPED_TRACE(fingerprint(optimizer));
    TemporaryDirectory folder;
    TrainerOptions o = options(3);
    o.training.optimizer = optimizer;
    o.schedule = CosineDecay(0.01, 5);
    auto whole = trainer(o);
    Result<FitResult> expected = fit(*whole, {});
    ASSERT_TRUE(expected.ok());
    const int64_t batches = whole->batches();
    ASSERT_GT(batches, 4);
    for (int64_t steps : {int64_t{3}, batches, batches + 2, 2 * batches - 1}) {
      SCOPED_TRACE(steps);
      auto first = trainer(o), second = trainer(o);
      int64_t done = 0;
      FitListener listener;
      listener.step = [&](int64_t, int64_t, int64_t, const Evaluation&) { ++done; };
      listener.stop = [&] { return done >= steps; };
      Result<FitResult> stopped = fit(*first, {.checkpoints = folder.path()}, listener);
      ASSERT_TRUE(stopped.ok()) << stopped.status().message();
      EXPECT_TRUE(stopped->interrupted);
      EXPECT_EQ(done, steps);
      EXPECT_EQ(first->epoch() * batches + first->batch(), steps);
      Result<FitResult> result = fit(*second, {.checkpoints = folder.path(), .resume = true});
      ASSERT_TRUE(result.ok()) << result.status().message();
      EXPECT_FALSE(result->interrupted);
      expect_same_weights(*whole, *second);
      for (size_t e = 0; e < 3; ++e) {
        Json found = to_json(result->epochs[e]).set("seconds", 0),
             wanted = to_json(expected->epochs[e]).set("seconds", 0);
        EXPECT_EQ(found.dump(), wanted.dump());
      }
    }
  }
}

TEST(Trainer, AnEpochThatWasStoppedGoesOnInTheSameProcess) {
  auto whole = trainer(options(2)), stopped = trainer(options(2));
  ASSERT_TRUE(fit(*whole, {}).ok());
  int64_t asked = 0;
  EXPECT_EQ(stopped->run_epoch(nullptr, [&] { return ++asked == 5; }).status().code(), Code::cancelled);
  EXPECT_EQ(stopped->batch(), 5);
  ASSERT_TRUE(stopped->run_epoch().ok());
  EXPECT_EQ(stopped->batch(), 0);
  ASSERT_TRUE(stopped->run_epoch().ok());
  expect_same_weights(*whole, *stopped);
}

// Interrupted in the middle of a schedule that knows the length of the run, with a factor from the plateau callback.
TEST(Trainer, ResumesBitForBitOnEverySchedule) {
  for (const Schedule& schedule : {CosineDecay(0.01, 5), CosineDecayRestarts(7), OneCycle(), PolynomialDecay(0.1, 2),
                                   ExponentialDecay(10, 0.9), PiecewiseConstantDecay({10, 30}, {1, 0.5, 0.1})}) {
    SCOPED_TRACE(schedule.type);
    TemporaryDirectory folder;
    FitOptions plateau;
    plateau.checkpoints = folder.path();
    plateau.callbacks.reduce_lr_on_plateau = ReduceOnPlateau{.factor = 0.5, .patience = 1, .min_delta = 1};
    TrainerOptions o = options(4);
    o.schedule = schedule;
    auto whole = trainer(o), first = trainer(o), second = trainer(o);
    ASSERT_TRUE(fit(*whole, plateau).ok());
    // Two epochs and then a crash: the callbacks' state dies with the program.
    int64_t epochs = 0;
    FitListener stop;
    stop.epoch = [&](const EpochResult&) {
      if (++epochs == 2) throw std::runtime_error("crash");
    };
    EXPECT_THROW(static_cast<void>(fit(*first, plateau, stop)), std::runtime_error);
    plateau.resume = true;
    Result<FitResult> result = fit(*second, plateau);
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->epochs.size(), 4u);
    expect_same_weights(*whole, *second);
  }
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

TEST(Trainer, CallbacksWriteTablesAndEvents) {
  TemporaryDirectory folder;
  FitOptions o;
  o.checkpoints = folder.path() / "run";
  o.callbacks.csv_log = folder.path() / "logs" / "epochs.csv";
  o.callbacks.tensorboard = folder.path() / "events";
  ASSERT_TRUE(fit(*trainer(options(2)), o).ok());
  o.resume = true;
  ASSERT_TRUE(fit(*trainer(options(3)), o).ok());
  std::string csv = *read_file(o.callbacks.csv_log);
  EXPECT_TRUE(csv.starts_with("epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,steps\n1,")) << csv;
  EXPECT_EQ(std::ranges::count(csv, '\n'), 4);
  size_t events = 0;
  for (const auto& entry : std::filesystem::directory_iterator(o.callbacks.tensorboard)) {
    std::string bytes = *read_file(entry.path());
    for (size_t at = bytes.find("val_loss"); at != std::string::npos; at = bytes.find("val_loss", at + 1)) ++events;
  }
  EXPECT_EQ(events, 3u);
}

TEST(Plateau, FallsWhenNothingImproves) {
  Plateau plateau({.factor = 0.5, .patience = 2, .cooldown = 1, .min_lr = 0.2}, false, 1.0);
  const double losses[] = {1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5};
  const double factors[] = {1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2};
  for (size_t i = 0; i < std::size(losses); ++i) {
    EXPECT_EQ(plateau.see(static_cast<int64_t>(i) + 1, losses[i]), factors[i]) << "epoch " << i + 1;
  }
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

// Weights are what a flipped bit would change unseen.
TEST(Trainer, RefusesADamagedCheckpoint) {
  TemporaryDirectory folder;
  ASSERT_TRUE(fit(*trainer(options(1)), {.checkpoints = folder.path()}).ok());
  const std::filesystem::path last = folder.path() / "last.safetensors";
  std::string bytes = *read_file(last);
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 4);
  ASSERT_TRUE(write_file_atomic(last, bytes).ok());
  Status status = fit(*trainer(options(2)), {.checkpoints = folder.path(), .resume = true}).status();
  EXPECT_EQ(status.code(), Code::data_loss);
  EXPECT_NE(status.message().find("the file is damaged"), std::string::npos) << status.message();
}

TEST(Trainer, SaysWhenItGoesOnWithOtherThreads) {
  TemporaryDirectory folder;
  TrainerOptions o = options(1);
  o.threads = 1;
  ASSERT_TRUE(fit(*trainer(o), {.checkpoints = folder.path()}).ok());
  std::vector<std::string> notes;
  FitListener listener;
  listener.note = [&](const std::string& note) { notes.push_back(note); };
  o.epochs = 2;
  ASSERT_TRUE(fit(*trainer(o), {.checkpoints = folder.path(), .resume = true}, listener).ok());
  EXPECT_TRUE(notes.empty());
  o.threads = 2;
  ASSERT_TRUE(fit(*trainer(o), {.checkpoints = folder.path(), .resume = true}, listener).ok());
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("\"threads\":1"), std::string::npos) << notes[0];
}

// Of one-hot labels [N, 3] each row is one prediction, not three.
TEST(Trainer, OneHotLabelsGiveTheSameAccuracyAsIndices) {
  Dataset indices = clouds(90, 3), one_hot = indices;
  one_hot.labels = Tensor(DType::f32, {90, 3});
  for (size_t i = 0; i < 90; ++i) {
    one_hot.labels.mutable_data<float>()[3 * i + static_cast<size_t>(indices.labels.data<int64_t>()[i])] = 1;
  }
  const Evaluation a = *evaluate_model(model(), "sparse_categorical_crossentropy", indices);
  const Evaluation b = *evaluate_model(model(), "categorical_crossentropy", one_hot);
  EXPECT_DOUBLE_EQ(*a.accuracy, *b.accuracy);
  Status status = evaluate_model(model(), "categorical_crossentropy", indices).status();
  EXPECT_NE(status.message().find("take sparse_categorical_crossentropy"), std::string::npos) << status.message();
}

TEST(Trainer, BinaryLossesRefuseWhatIsNoProbability) {
  Dataset classes = clouds(60, 1), numbers = classes;
  numbers.labels = Tensor(DType::f32, {60, 1});
  numbers.labels.mutable_data<float>()[7] = 1.5f;
  const Graph one = model({Dense(1, sigmoid)});
  Status many = evaluate_model(one, "binary_crossentropy", classes).status();
  EXPECT_NE(many.message().find("expects labels from 0 to 1, found 2; take a categorical loss"), std::string::npos)
      << many.message();
  Status real = evaluate_model(one, "bce", numbers).status();
  EXPECT_NE(real.message().find("found 1.5; take a loss of numbers"), std::string::npos) << real.message();
}

// Clouds whose four coordinates come in two inputs, in the other order than the model has them.
Dataset clouds_in_two(int64_t n, uint64_t seed) {
  Dataset data = clouds(n, seed);
  data.parts = {{"first", {1}}, {"rest", {3}}};
  return data;
}

std::vector<Layer> two_towers() {
  return {Layer{"Input", {{"shape", int64_t{3}}}, "rest", {}},
          Dense(6, relu).named("a"),
          Layer{"Input", {}, "first", {}},
          Dense(6, relu).named("b"),
          Layer{"Concatenate", {}, "both", {"a", "b"}},
          Dense(3, softmax)};
}

TEST(Trainer, AModelWithSeveralInputsLearnsAndResumes) {
  Dataset data = clouds_in_two(200, 1);
  Result<Graph> graph = build_model(two_towers(), data, 1);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  ASSERT_EQ(graph->inputs.size(), 2u);
  EXPECT_EQ(graph->value(graph->inputs[0]).name, "first");
  TemporaryDirectory folder;
  auto run = [&](int64_t epochs, bool resume) {
    auto t = *Trainer::create(*graph, data, clouds_in_two(50, 2), options(epochs));
    EXPECT_TRUE(fit(*t, {.checkpoints = folder.path(), .resume = resume}).ok());
    EXPECT_GT(*t->evaluate(clouds_in_two(100, 3))->accuracy, epochs == 12 ? 0.9 : 0.3);
    const Graph trained = *t->model();
    return trained.value(trained.find("a/kernel")).data;
  };
  const Tensor whole = run(12, false);
  run(6, false);
  EXPECT_TRUE(identical(run(12, true), whole));
}

TEST(Trainer, InputsThatDoNotBelongTogetherAreNamed) {
  Dataset data = clouds_in_two(60, 1);
  auto message = [&](const std::vector<Layer>& layers) { return build_model(layers, data, 1).status().message(); };
  EXPECT_NE(message({Dense(3)}).find("several inputs: say which it reads, inputs = [\"first\"]; there are first, rest"),
            std::string::npos);
  EXPECT_NE(message({Layer{"Input", {}, "frist", {}}, Dense(3)}).find("the data has no input \"frist\"; did you mean"),
            std::string::npos);
  EXPECT_NE(message({Layer{"Input", {{"shape", int64_t{2}}}, "rest", {}}, Dense(3)}).find("its shape is [2], that of"),
            std::string::npos);
  Status status =
      Trainer::create(*build_model(two_towers(), data, 1), clouds(60, 1), std::nullopt, options(1)).status();
  EXPECT_NE(status.message().find("the model's inputs are first, rest, the data's one without a name"),
            std::string::npos)
      << status.message();
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

// The best is restored from the checkpoint where it belongs to an earlier process.
TEST(Trainer, SparingCheckpointsEndWithTheLastAndTheBest) {
  TemporaryDirectory folder;
  TrainerOptions o = options(6);
  o.training.optimizer = SGD(0.05);
  o.schedule = PiecewiseConstantDecay({48}, {1, 200});
  auto whole = trainer(o), first = trainer(o), second = trainer(o);
  const FitOptions sparing{.restore_best = true, .checkpoints = folder.path(), .saving = Saving::sparing};
  Result<FitResult> expected = fit(*whole, {.restore_best = true});
  ASSERT_TRUE(expected.ok());
  FitListener listener;
  listener.stop = [&] { return first->epoch() == 5; };
  ASSERT_TRUE(fit(*first, sparing, listener)->interrupted);
  FitOptions resume = sparing;
  resume.resume = true;
  Result<FitResult> result = fit(*second, resume);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->kept_epoch, expected->best_epoch);
  EXPECT_LT(result->kept_epoch, 5) << "the first process found it";
  expect_same_weights(*whole, *second);
}

// Training goes on where a later checkpoint cannot be written; where the first cannot, nothing is lost yet.
TEST(Trainer, ACheckpointThatCannotBeWrittenIsANote) {
  TemporaryDirectory folder;
  const std::filesystem::path kept = folder.path() / "kept", hidden = folder.path() / "hidden";
  auto t = trainer(options(3));
  std::vector<std::string> notes;
  FitListener listener;
  listener.epoch = [&](const EpochResult& epoch) {
    if (epoch.epoch == 1) std::filesystem::rename(kept, hidden);
  };
  listener.note = [&](const std::string& note) { notes.push_back(note); };
  Result<FitResult> result = fit(*t, {.checkpoints = kept}, listener);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->epochs.size(), 3u);
  ASSERT_FALSE(notes.empty());
  EXPECT_NE(notes[0].find("safetensors"), std::string::npos) << notes[0];
  EXPECT_TRUE(std::filesystem::exists(hidden / "last.safetensors"));
  ASSERT_TRUE(write_file_atomic(folder.path() / "file", "").ok());
  EXPECT_FALSE(fit(*trainer(options(1)), {.checkpoints = folder.path() / "file"}).ok());
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

// As exporters write a classifier of texts: ids come as int64, the batch is fixed to the example's.
Graph classifier_of_ids(int64_t batch, bool reshaped) {
  Graph graph;
  ValueId ids = graph.add_input("ids", DType::i64, Dims{Dim(batch), Dim(4)});
  Random random(3);
  Tensor table(DType::f32, {4, 6});
  for (float& x : table.mutable_data<float>()) x = static_cast<float>(random.normal());
  Builder b(graph, all_operators());
  ValueId rows = b.op("Gather", {graph.add_constant("table", table), ids});
  ValueId mean = b.op("ReduceMean", {rows, b.ints({1})}, {{"keepdims", int64_t{0}}});
  if (reshaped) mean = b.op("Reshape", {mean, b.ints({batch, 6})});
  graph.outputs = {b.op("Gemm", {mean, b.constant(Tensor(DType::f32, {6, 3}), "w")})};
  return graph;
}

TEST(Trainer, AnImportedModelOfIdsLearns) {
  Dataset data = clouds(200, 1);  // ids [N, 4]: the label where the cloud is
  for (size_t i = 0; i < 200; ++i) {
    for (size_t j = 0; j < 4; ++j) {
      data.inputs.mutable_data<float>()[4 * i + j] = static_cast<float>(data.labels.data<int64_t>()[i]);
    }
  }
  Graph graph = with_free_batch(classifier_of_ids(1, false));
  EXPECT_EQ(to_string(*graph.value(graph.outputs[0]).dims), "[batch, 3]");
  auto t = Trainer::create(graph, data, std::nullopt, options(8));
  ASSERT_TRUE(t.ok()) << t.status().message();
  ASSERT_TRUE(fit(**t, {}).ok());
  EXPECT_GT(*(*t)->evaluate(data)->accuracy, 0.9);
  Graph stays = with_free_batch(classifier_of_ids(1, true));
  Status status = Trainer::create(stays, data, std::nullopt, options(1)).status();
  EXPECT_NE(status.message().find("its nodes are fixed to batches of 1; export it with a free batch"),
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

TEST(Trainer, SaysWhenLabelsDoNotFitTheOutput) {
  Dataset data = clouds(10, 1);
  TrainerOptions o = options(1);
  o.training.loss = "mean_squared_error";
  Status status = Trainer::create(model(), data, std::nullopt, o).status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find("1 label value(s) per example"), std::string::npos) << status.message();
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

// Two columns of ids, with a class that follows from them.
Dataset ids(std::vector<float> values) {
  Dataset data;
  data.name = "ids";
  const auto n = static_cast<int64_t>(values.size() / 2);
  data.inputs = Tensor::of<float>({n, 2}, values);
  data.labels = Tensor(DType::i64, {n});
  data.classes = {"a", "b"};
  return data;
}

std::string refused(Dataset data) {
  Result<Graph> graph = build_model(std::vector<Layer>{Embedding(5, 4), Flatten(), Dense(2, softmax)}, {2}, 1);
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  auto trainer = Trainer::create(*graph, std::move(data), std::nullopt, options(1));
  return trainer.ok() ? "" : trainer.status().message();
}

TEST(Trainer, RefusesIdsThatAnEmbeddingHasNoRowFor) {
  EXPECT_EQ(refused(ids({0, 4, 3, 1})), "");
  EXPECT_EQ(
      refused(ids({0, 7, 3, 1})),
      "ids: layer \"embedding\" picks rows of a table by id, of which it has 5 (input_dim), and the data's largest "
      "id is 7; set input_dim to 8 or more, or number the ids from 0 without gaps");
  EXPECT_EQ(refused(ids({0, -1, 3, 1})),
            "ids: layer \"embedding\" picks rows of a table by id, and the data holds -1; ids count from 0");
  Dataset standardized = ids({0, 4, 3, 1});
  standardized.scaling = {{0.5f}, {0.25f}};
  EXPECT_NE(refused(std::move(standardized)).find("which is no id; feed whole numbers"), std::string::npos);
}

}  // namespace
}  // namespace slipway::train
