// Metrics of which class was taken for which.
#include <algorithm>

#include "train/confusion.h"
#include "train/metrics/metric_card.h"
#include "train/metrics/scores.h"

namespace slipway::train {

namespace {

template <Json (*kOf)(const Confusion&)>
class ConfusionMetric final : public Metric {
 public:
  explicit ConfusionMetric(const OutputMeaning& meaning, int64_t) : meaning_(meaning), confusions_(1) {}
  void add(const Tensor& output, const Tensor& labels) override {
    if (meaning_.labels) return add_labels(output, labels);
    ScoreRows rows = rows_of(output, labels);
    for (size_t i = 0; i < rows.count(); ++i) {
      confusions_[0].count(rows.truth[i], predicted(rows.row(i), meaning_), rows.classes);
    }
  }
  // Of several labels the mean over them, or all their tables.
  Json result() const override {
    if (!meaning_.labels) return kOf(confusions_[0]);
    Json tables = Json::array();
    double sum = 0;
    for (const Confusion& each : confusions_) {
      tables.push(kOf(each));
      sum += tables.items().back().as_double() / static_cast<double>(confusions_.size());
    }
    return tables.items()[0].is_number() ? Json(sum) : tables;
  }

 private:
  void add_labels(const Tensor& output, const Tensor& labels) {
    const auto width = static_cast<size_t>(output.shape().back());
    confusions_.resize(width);
    std::span<const float> x = output.data<float>(), y = labels.data<float>();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      confusions_[i % width].count(y[i] > 0.5f, predicted(x.subspan(i, 1), meaning_), 2);
    }
  }

  OutputMeaning meaning_;
  std::vector<Confusion> confusions_;  // one; or one per label
};

}  // namespace

METRIC(accuracy) = {
    .name = "accuracy",
    .doc = "The share of predictions that are right; of several labels the mean over them.",
    .aliases = {"binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"},
    .make = make<ConfusionMetric<accuracy_of>>,
};

METRIC(precision) = {
    .name = "precision",
    .doc =
        "Right ones among those taken for class 1; of more classes the mean over them, of several labels over these.",
    .make = make<ConfusionMetric<precision_of>>,
};

METRIC(recall) = {
    .name = "recall",
    .doc = "Found ones among those of class 1; of more classes the mean over them, of several labels over these.",
    .make = make<ConfusionMetric<recall_of>>,
};

METRIC(f1) = {
    .name = "f1",
    .doc =
        "The harmonic mean of precision and recall of class 1; of more classes the mean over them, of several labels "
        "over these.",
    .aliases = {"f1_score"},
    .make = make<ConfusionMetric<f1_of>>,
};

METRIC(confusion_matrix) = {
    .name = "confusion_matrix",
    .doc = "How often each class (rows) was taken for each (columns).",
    .better = Better::neither,
    .make = make<ConfusionMetric<table_of>>,
};

}  // namespace slipway::train
