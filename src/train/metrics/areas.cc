// Areas under curves over all thresholds (train/metrics.h).
#include <algorithm>
#include <cmath>

#include "train/metrics/metric_card.h"
#include "train/metrics/scores.h"

namespace slipway::train {

namespace {

// exp(x - max) / sum
std::vector<float> softmax(std::span<const float> row) {
  const float most = *std::ranges::max_element(row);
  std::vector<float> p(row.size());
  float sum = 0;
  for (size_t i = 0; i < row.size(); ++i) sum += p[i] = std::exp(row[i] - most);
  for (float& each : p) each /= sum;
  return p;
}

using RankOf = double (*)(std::span<const float>, std::span<const uint8_t>);

// Scores of each class against all others, kept until the end. Two classes are one question, and so is every label of
// several.
template <RankOf kOf>
class RankMetric final : public Metric {
 public:
  RankMetric(const OutputMeaning& meaning, int64_t) : meaning_(meaning) {}
  void add(const Tensor& output, const Tensor& labels) override {
    if (meaning_.labels) return add_labels(output, labels);
    ScoreRows rows = rows_of(output, labels);
    for (size_t i = 0; i < rows.count(); ++i) {
      std::span<const float> row = rows.row(i);
      questions_.resize(row.size() > 2 ? row.size() : 1);
      if (row.size() <= 2) {
        questions_[0].add(row.size() > 1 ? row[1] - row[0] : row[0], rows.truth[i] == 1);
        continue;
      }
      const std::vector<float> scores =
          meaning_.probabilities ? std::vector<float>(row.begin(), row.end()) : softmax(row);
      for (size_t c = 0; c < row.size(); ++c) questions_[c].add(scores[c], rows.truth[i] == c);
    }
  }
  // The mean over the questions that both answers occur in.
  Json result() const override {
    double sum = 0;
    int64_t count = 0;
    for (const Question& q : questions_) {
      if (questions_.size() > 1 && !q.has_both()) continue;
      sum += kOf(q.scores, q.positive);
      ++count;
    }
    return count > 0 ? sum / static_cast<double>(count) : kOf({}, {});
  }

 private:
  struct Question {
    std::vector<float> scores;
    std::vector<uint8_t> positive;

    void add(float score, bool yes) {
      scores.push_back(score);
      positive.push_back(yes);
    }
    bool has_both() const {
      const auto ones = std::ranges::count(positive, 1);
      return ones > 0 && ones < static_cast<int64_t>(positive.size());
    }
  };

  void add_labels(const Tensor& output, const Tensor& labels) {
    const auto width = static_cast<size_t>(output.shape().back());
    questions_.resize(width);
    std::span<const float> x = output.data<float>(), y = labels.data<float>();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) questions_[i % width].add(x[i], y[i] > 0.5f);
  }

  OutputMeaning meaning_;
  std::vector<Question> questions_;
};

}  // namespace

METRIC(auc) = {
    .name = "auc",
    .doc =
        "Area under the ROC curve: of three classes and more the mean over each against the rest, of several labels "
        "over these.",
    .make = make<RankMetric<roc_auc>>,
};

METRIC(pr_auc) = {
    .name = "pr_auc",
    .doc = "Average precision, over the same questions as auc.",
    .aliases = {"average_precision"},
    .make = make<RankMetric<average_precision>>,
};

}  // namespace slipway::train
