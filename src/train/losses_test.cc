// Losses: values from their formulas, gradients against central differences, weights.
#include "train/losses.h"

#include <gtest/gtest.h>

#include "support/gradient_probe.h"

namespace slipway::train {
namespace {

// Labels that fit a loss over outputs [4, 3].
Tensor labels_for(const std::string& name) {
  if (label_dtype(name) == DType::i64) return Tensor::of<int64_t>({4}, {0, 2, 1, 2});
  if (name.find("categorical") != std::string::npos) {
    return Tensor::of<float>({4, 3}, {1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1});
  }
  if (name == "kl_divergence") {
    return Tensor::of<float>({4, 3}, {0.2f, 0.3f, 0.5f, 0.6f, 0.2f, 0.2f, 0.1f, 0.1f, 0.8f, 0.3f, 0.3f, 0.4f});
  }
  return Tensor::of<float>({4, 3}, {1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0});
}

std::string activation_for(const std::string& name) {
  if (name.find("categorical") != std::string::npos || name == "kl_divergence") return softmax;
  if (name.starts_with("binary")) return sigmoid;
  return name == "contrastive" ? "softplus" : linear;
}

TEST(Losses, GradientsAreCentralDifferences) {
  for (const std::string& name : loss_names()) {
    SCOPED_TRACE(name);
    if (name == "ctc") continue;  // below: its labels are not aligned
    GradientProbe probe = {{Dense(3, activation_for(name))}, random_tensor({4, 5}, 2), labels_for(name), name};
    probe.expect_gradient("dense/kernel");
    probe.expect_gradient("dense/bias");
  }
}

TEST(Losses, CtcAlignsByItself) {
  GradientProbe probe = {
      {Dense(4)}, random_tensor({3, 6, 5}, 2), Tensor::of<int64_t>({3, 3}, {1, 2, 3, 2, 2, 0, 3, 0, 0}), "ctc"};
  probe.expect_gradient("dense/kernel");
}

TEST(Losses, GradientsWithSmoothingAndClassWeights) {
  for (const char* name :
       {"sparse_categorical_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy"}) {
    SCOPED_TRACE(name);
    Loss loss = name;
    loss.label_smoothing = 0.1;
    loss.class_weight = {1, 3, 0.5};
    GradientProbe{{Dense(3, softmax)}, random_tensor({4, 5}, 2), labels_for(name), loss}.expect_gradient(
        "dense/kernel");
  }
  Loss loss = "binary_focal_crossentropy";
  loss.alpha = 0.25;
  loss.class_weight = {1, 4};
  GradientProbe{{Dense(3, sigmoid)}, random_tensor({4, 5}, 2), labels_for("bce"), loss}.expect_gradient("dense/kernel");
}

// The loss of outputs against labels, with the model the identity.
double value_of(const Loss& loss, const Tensor& output, const Tensor& labels, const Tensor& weights = {}) {
  Graph graph;
  Dims dims = to_dims(output.shape());
  ValueId x = graph.add_input("input", DType::f32, dims);
  Builder b(graph, all_operators());
  Result<LossValues> values = add_loss(b, x, loss, weights.defined());
  EXPECT_TRUE(values.ok()) << values.status().message();
  if (!values.ok()) return -1;
  graph.outputs = {values->loss};
  auto session = Session::create(graph, {.threads = 1});
  std::vector<Tensor> inputs = {output, labels};
  if (weights.defined()) inputs.push_back(weights);
  return static_cast<double>((*(*session)->run(inputs))[0].data<float>()[0]);
}

Loss with(Loss loss, double Loss::*member, double value) {
  loss.*member = value;
  return loss;
}

TEST(Losses, ValuesFollowTheFormulas) {
  struct Row {
    Loss loss;
    std::vector<float> output, labels;
    double expected;
  };
  const Row rows[] = {
      {"mse", {1, 3}, {0, 1}, 2.5},
      {"mae", {1, 3}, {0, 1}, 1.5},
      {"huber", {0.5f, 3}, {0, 0}, (0.125 + 2.5) / 2},
      {with("huber", &Loss::delta, 2), {0.5f, 3}, {0, 0}, (0.125 + 4) / 2},
      {"log_cosh", {1, -2}, {0, 0}, (0.4337808305 + 1.3250027474) / 2},
      {"hinge", {0.5f, -2}, {1, 1}, (0.5 + 3) / 2},
      {"hinge", {0.5f, -2}, {-1, 0}, (1.5 + 0) / 2},
      {"squared_hinge", {0.5f, -2}, {1, 1}, (0.25 + 9) / 2},
      {"bce", {0, 2}, {1, 0}, (0.6931471806 + 2.1269280110) / 2},
      {with("bce", &Loss::label_smoothing, 0.2), {2, 2}, {1, 1}, 0.1269280110 + 0.1 * 2},
      {"focal", {0, 2}, {1, 0}, (0.25 * 0.6931471806 + 0.7758034968 * 2.1269280110) / 2},
      {"contrastive", {0.5f, 0.25f}, {1, 0}, (0.25 + 0.5625) / 2},
  };
  for (const Row& row : rows) {
    auto n = static_cast<int64_t>(row.output.size());
    EXPECT_NEAR(value_of(row.loss, Tensor::of<float>({n, 1}, row.output), Tensor::of<float>({n, 1}, row.labels)),
                row.expected, 2e-6)
        << row.loss.type;
  }
}

TEST(Losses, CategoricalOnesAgree) {
  Tensor logits = Tensor::of<float>({2, 3}, {1, 2, 3, 0, 0, 0});
  Tensor sparse = Tensor::of<int64_t>({2}, {2, 0}), dense = Tensor::of<float>({2, 3}, {0, 0, 1, 1, 0, 0});
  constexpr double kFirst = 0.4076059644, kSecond = 1.0986122887;
  EXPECT_NEAR(value_of("sparse_categorical_crossentropy", logits, sparse), (kFirst + kSecond) / 2, 1e-6);
  EXPECT_NEAR(value_of("categorical_crossentropy", logits, dense), (kFirst + kSecond) / 2, 1e-6);
  Loss weighted = "sparse_categorical_crossentropy";
  weighted.class_weight = {2, 1, 3};
  EXPECT_NEAR(value_of(weighted, logits, sparse), (3 * kFirst + 2 * kSecond) / 2, 1e-6);
  Loss smooth = "sparse_categorical_crossentropy";
  smooth.label_smoothing = 0.3;
  EXPECT_NEAR(value_of(smooth, logits, sparse), (0.7 * kFirst + 0.1 * (3 * kFirst + 3) + kSecond) / 2, 1e-6);
  smooth.type = "categorical_crossentropy";
  EXPECT_NEAR(value_of(smooth, logits, dense), (0.7 * kFirst + 0.1 * (3 * kFirst + 3) + kSecond) / 2, 1e-6);
}

TEST(Losses, ExamplesCountAsTheirWeights) {
  Tensor logits = Tensor::of<float>({2, 3}, {1, 2, 3, 0, 0, 0}), labels = Tensor::of<int64_t>({2}, {2, 0});
  Tensor weights = Tensor::of<float>({2}, {0, 4});
  EXPECT_NEAR(value_of("sparse_categorical_crossentropy", logits, labels, weights), 2 * 1.0986122887, 1e-6);
  EXPECT_NEAR(value_of("mse", Tensor::of<float>({2, 2}, {1, 3, 5, 5}), Tensor::of<float>({2, 2}, {0, 1, 5, 4}),
                       Tensor::of<float>({2}, {1, 2})),
              (2.5 + 2 * 0.5) / 2, 1e-6);
}

TEST(Losses, TripletTakesTheHardestOfTheBatch) {
  Tensor x = Tensor::of<float>({4, 1}, {0, 1, 1.5f, 4});
  Tensor labels = Tensor::of<int64_t>({4}, {0, 0, 1, 1});
  // 0: 1 - 1.5, 1: 1 - 0.5, 1.5: 2.5 - 0.5, 4: 2.5 - 3, each plus the margin of 1, none below 0
  EXPECT_NEAR(value_of("triplet", x, labels), (0.5 + 1.5 + 3 + 0.5) / 4, 1e-4);
}

TEST(Losses, SaturatedOutputsStayFinite) {
  Tensor far = Tensor::of<float>({2, 1}, {200, -200}), labels = Tensor::of<float>({2, 1}, {0, 1});
  EXPECT_NEAR(value_of("bce", far, labels), 200, 1e-3);
  EXPECT_NEAR(value_of("focal", far, labels), 200, 1e-3);
}

TEST(Losses, SayWhatIsWrong) {
  auto message = [](const Loss& loss) { return check(loss).message(); };
  EXPECT_NE(message("hubber").find("did you mean huber?"), std::string::npos) << message("hubber");
  Loss loss = "mse";
  loss.class_weight = {1, 2};
  EXPECT_NE(message(loss).find("takes no class_weight"), std::string::npos) << message(loss);
  loss.type = "bce";
  loss.class_weight = {1, 2, 3};
  EXPECT_NE(message(loss).find("expects 2"), std::string::npos) << message(loss);
  loss.class_weight = {1, -2};
  EXPECT_NE(message(loss).find("class_weight is -2"), std::string::npos) << message(loss);
}

TEST(Losses, OneHotLabelsAreOnePredictionEach) {
  EXPECT_EQ(predictions("categorical_crossentropy", {3}), 1);
  EXPECT_EQ(predictions("categorical_focal_crossentropy", {7, 3}), 7);
  EXPECT_EQ(predictions("sparse_categorical_crossentropy", {}), 1);
  EXPECT_EQ(predictions("sparse_categorical_crossentropy", {7}), 7);
  EXPECT_EQ(predictions("binary_crossentropy", {3}), 3);
  EXPECT_EQ(predictions("mse", {3}), 1);
}

TEST(Losses, BothSpellingsOfKeras) {
  EXPECT_EQ(full_loss_name("MeanSquaredError"), "mean_squared_error");
  EXPECT_EQ(full_loss_name("BCE"), "binary_crossentropy");
  EXPECT_EQ(full_loss_name("KLDivergence"), "kl_divergence");
  EXPECT_EQ(full_loss_name("CTC"), "ctc");
  EXPECT_EQ(full_loss_name("mean"), "mean");
}

}  // namespace
}  // namespace slipway::train
