// Metrics against values worked out by hand.
#include "train/metrics.h"

#include <cmath>

#include <gtest/gtest.h>

namespace slipway::train {
namespace {

Json measured(const char* name, const Tensor& output, const Tensor& labels, bool probabilities = true) {
  Result<std::unique_ptr<Metric>> metric = make_metric(name, {probabilities});
  EXPECT_TRUE(metric.ok()) << metric.status().message();
  // In two batches, as it comes.
  int64_t n = labels.dim(0), half = n / 2;
  for (auto [begin, end] : {std::pair(int64_t{0}, half), std::pair(half, n)}) {
    (*metric)->add(output.rows(begin, end), labels.rows(begin, end));
  }
  return (*metric)->result();
}

// Six examples of two classes: 2 right of 3 in class 1, 2 right of 3 in class 0.
const Tensor kScores = Tensor::of<float>({6, 1}, {0.9f, 0.8f, 0.4f, 0.7f, 0.2f, 0.1f});
const Tensor kTruth = Tensor::of<float>({6, 1}, {1, 1, 1, 0, 0, 0});

TEST(Metrics, OfTwoClasses) {
  struct Row {
    const char* name;
    double expected;
  };
  const Row rows[] = {
      {"accuracy", 4.0 / 6},
      {"precision", 2.0 / 3},
      {"recall", 2.0 / 3},
      {"f1", 2.0 / 3},
      {"auc", 8.0 / 9},                // 0.4 loses to 0.7, all else wins
      {"pr_auc", (1 + 1 + 0.75) / 3},  // positives at ranks 1, 2 and 4
      {"log_loss",
       -(std::log(0.9) + std::log(0.8) + std::log(0.4) + std::log(0.3) + std::log(0.8) + std::log(0.9)) / 6},
  };
  for (const Row& row : rows)
    EXPECT_NEAR(measured(row.name, kScores, kTruth).as_double(), row.expected, 1e-6) << row.name;
  EXPECT_EQ(measured("confusion_matrix", kScores, kTruth).dump(), "[[2,1],[1,2]]");
}

TEST(Metrics, LogitsAreReadAsSuch) {
  Tensor logits = Tensor::of<float>({2, 1}, {0.25f, -1});
  Tensor truth = Tensor::of<float>({2, 1}, {1, 0});
  EXPECT_EQ(measured("accuracy", logits, truth, false).as_double(), 1);
  EXPECT_EQ(measured("accuracy", logits, truth, true).as_double(), 0.5);
  double expected = (std::log1p(std::exp(-0.25)) + std::log1p(std::exp(-1))) / 2;
  EXPECT_NEAR(measured("log_loss", logits, truth, false).as_double(), expected, 1e-6);
}

TEST(Metrics, OfManyClasses) {
  Tensor p = Tensor::of<float>({4, 3}, {0.7f, 0.2f, 0.1f, 0.3f, 0.4f, 0.3f, 0.5f, 0.3f, 0.2f, 0.1f, 0.3f, 0.6f});
  Tensor truth = Tensor::of<int64_t>({4}, {0, 1, 1, 2});
  EXPECT_NEAR(measured("accuracy", p, truth).as_double(), 0.75, 1e-9);
  EXPECT_NEAR(measured("top_2_accuracy", p, truth).as_double(), 1, 1e-9);
  EXPECT_NEAR(measured("top_1_accuracy", p, truth).as_double(), 0.75, 1e-9);
  EXPECT_NEAR(measured("precision", p, truth).as_double(), (0.5 + 1 + 1) / 3, 1e-9);
  EXPECT_NEAR(measured("recall", p, truth).as_double(), (1 + 0.5 + 1) / 3, 1e-9);
  double nll = -(std::log(0.7) + std::log(0.4) + std::log(0.3) + std::log(0.6)) / 4;
  EXPECT_NEAR(measured("perplexity", p, truth).as_double(), std::exp(nll), 1e-6);
}

// As scikit-learn's roc_auc_score(multi_class="ovr", average="macro") and average_precision_score(average="macro").
TEST(Metrics, AreasOfManyClassesAreOneAgainstTheRest) {
  const Tensor p = Tensor::of<float>({6, 3}, {0.7f, 0.2f, 0.1f, 0.3f, 0.4f, 0.3f, 0.2f, 0.2f, 0.6f,  //
                                              0.5f, 0.3f, 0.2f, 0.1f, 0.6f, 0.3f, 0.4f, 0.1f, 0.5f});
  const Tensor truth = Tensor::of<int64_t>({6}, {0, 1, 2, 1, 1, 0});
  EXPECT_NEAR(measured("auc", p, truth).as_double(), (0.875 + 1 + 1) / 3, 1e-9);
  EXPECT_NEAR(measured("pr_auc", p, truth).as_double(), (2.5 / 3 + 1 + 1) / 3, 1e-9);
  // Logits rank as their softmax does: by z[1] alone row 1 would come first, by p[1] row 0 does.
  const Tensor logits = Tensor::of<float>({4, 3}, {0, 2, 0, 5, 3, 0, 1, 0, 0, 0, 0, 1});
  const Tensor of_logits = Tensor::of<int64_t>({4}, {1, 0, 0, 2});
  EXPECT_NEAR(measured("auc", logits, of_logits, false).as_double(), 1, 1e-9);
  EXPECT_NEAR(measured("auc", logits, of_logits, true).as_double(), (1 + 2.0 / 3 + 1) / 3, 1e-9);
  // A class that does not occur asks no question.
  const Tensor two = Tensor::of<float>({2, 3}, {0.6f, 0.3f, 0.1f, 0.2f, 0.7f, 0.1f});
  EXPECT_EQ(measured("auc", two, Tensor::of<int64_t>({2}, {0, 1})).as_double(), 1);
}

TEST(Metrics, SeveralLabelsAreSeveralQuestions) {
  const Tensor p = Tensor::of<float>({4, 2}, {0.9f, 0.1f, 0.8f, 0.6f, 0.3f, 0.7f, 0.2f, 0.4f});
  const Tensor y = Tensor::of<float>({4, 2}, {1, 0, 1, 1, 1, 0, 0, 1});
  auto of_labels = [&](const char* name) {
    std::unique_ptr<Metric> metric = *make_metric(name, {.probabilities = true, .labels = true});
    metric->add(p.rows(0, 2), y.rows(0, 2));
    metric->add(p.rows(2, 4), y.rows(2, 4));
    return metric->result();
  };
  EXPECT_NEAR(of_labels("auc").as_double(), (1 + 2.0 / 4) / 2, 1e-9);
  EXPECT_NEAR(of_labels("accuracy").as_double(), (3.0 / 4 + 2.0 / 4) / 2, 1e-9);
  EXPECT_NEAR(of_labels("recall").as_double(), (2.0 / 3 + 1.0 / 2) / 2, 1e-9);
  EXPECT_EQ(of_labels("confusion_matrix").dump(), "[[[1,0],[1,2]],[[1,1],[1,1]]]");
}

TEST(Metrics, OfNumbers) {
  Tensor x = Tensor::of<float>({4, 1}, {1, 2, 3, 6}), y = Tensor::of<float>({4, 1}, {1, 2, 4, 5});
  EXPECT_NEAR(measured("mae", x, y).as_double(), 0.5, 1e-9);
  EXPECT_NEAR(measured("rmse", x, y).as_double(), std::sqrt(0.5), 1e-9);
  EXPECT_NEAR(measured("r2", x, y).as_double(), 1 - 2.0 / 10, 1e-9);
}

TEST(Metrics, TiesCountHalf) {
  std::vector<float> scores = {1, 1, 1, 1};
  std::vector<uint8_t> positive = {1, 0, 1, 0};
  EXPECT_EQ(roc_auc(scores, positive), 0.5);
  EXPECT_EQ(average_precision(scores, positive), 0.5);
  EXPECT_EQ(roc_auc(scores, std::vector<uint8_t>{1, 1, 1, 1}), 0.5);
  EXPECT_EQ(average_precision(scores, std::vector<uint8_t>{0, 0, 0, 0}), 0);
}

TEST(Metrics, OfSequences) {
  using Tokens = std::vector<int64_t>;
  EXPECT_EQ(token_edits(Tokens{1, 2, 3}, Tokens{1, 3}), 1);
  EXPECT_EQ(token_edits(Tokens{}, Tokens{1, 3}), 2);
  EXPECT_EQ(token_edits(Tokens{5, 1, 2}, Tokens{1, 2, 6}), 2);
  // Papineni's clipping: "the the the the the the the" against "the cat is on the mat".
  BleuCounts counts;
  counts.add(Tokens{1, 1, 1, 1, 1, 1, 1}, Tokens{1, 2, 3, 4, 1, 5});
  EXPECT_EQ(counts.matches[0], 2);
  EXPECT_EQ(counts.possible[0], 7);
  EXPECT_EQ(counts.bleu(), 0);
  BleuCounts shorter;
  shorter.add(Tokens{1, 2, 3, 4}, Tokens{1, 2, 3, 4, 5});
  EXPECT_NEAR(shorter.bleu(), std::exp(1 - 5.0 / 4), 1e-9);
  // Sequences end at the first 0: 1 2 against 1 3.
  Tensor output(DType::f32, {2, 3, 4});
  auto set = [&](int64_t row, int64_t step, int64_t token) {
    output.mutable_data<float>()[static_cast<size_t>((row * 3 + step) * 4 + token)] = 1;
  };
  for (int64_t row : {0, 1}) {
    set(row, 0, 1);
    set(row, 1, 2);
    set(row, 2, 0);
  }
  Tensor labels = Tensor::of<int64_t>({2, 3}, {1, 3, 0, 1, 2, 0});
  EXPECT_NEAR(measured("edit_distance", output, labels).as_double(), 0.25, 1e-9);
}

TEST(Metrics, KerasNamesMeanTheSame) {
  Tensor output = Tensor::of<float>({2, 1}, {1, 3}), labels = Tensor::of<float>({2, 1}, {2, 5});
  EXPECT_NEAR(measured("mean_squared_error", output, labels).as_double(), 2.5, 1e-6);
  EXPECT_NEAR(measured("MeanAbsoluteError", output, labels).as_double(), 1.5, 1e-6);
  EXPECT_NEAR(measured("RootMeanSquaredError", output, labels).as_double(), std::sqrt(2.5), 1e-6);
  EXPECT_TRUE(*greater_metric_is_better("AUC"));
  EXPECT_TRUE(make_metric("sparse_top_k_categorical_accuracy").ok());
}

TEST(Metrics, UnknownNamesComeWithTheNearest) {
  Status status = make_metric("acuracy").status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find("did you mean accuracy?"), std::string::npos) << status.message();
  EXPECT_FALSE(make_metric("top_x_accuracy").ok());
  EXPECT_FALSE(greater_metric_is_better("confusion_matrix").ok());
  EXPECT_TRUE(*greater_metric_is_better("auc"));
  EXPECT_FALSE(*greater_metric_is_better("rmse"));
}

}  // namespace
}  // namespace slipway::train
