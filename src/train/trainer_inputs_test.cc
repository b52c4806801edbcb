// What a trainer is fed: labels of every kind, several inputs, ids; and what it says of those that do not fit.
#include <gtest/gtest.h>

#include "base/file.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "support/clouds.h"
#include "train/imported.h"

namespace slipway::train {
namespace {

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

TEST(Trainer, SaysWhenLabelsDoNotFitTheOutput) {
  Dataset data = clouds(10, 1);
  TrainerOptions o = options(1);
  o.training.loss = "mean_squared_error";
  Status status = Trainer::create(model(), data, std::nullopt, o).status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find("1 label value(s) per example"), std::string::npos) << status.message();
}

TEST(Trainer, SaysHowManyUnitsNumbersNeed) {
  Dataset data = clouds(10, 1);
  data.classes.clear();
  data.labels = Tensor(DType::f32, {10, 1});
  TrainerOptions o = options(1);
  o.training.loss = "mean_squared_error";
  Status status = Trainer::create(model({Dense(3)}), data, std::nullopt, o).status();
  EXPECT_NE(status.message().find("the data tells 1 number(s) of each example, the model 3; give the last layer 1"),
            std::string::npos)
      << status.message();
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
