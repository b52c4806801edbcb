// Accuracy among the likeliest classes.
#include <algorithm>

#include "train/confusion.h"
#include "train/metrics/metric_card.h"
#include "train/metrics/scores.h"

namespace slipway::train {

namespace {

// The share of rows whose true class is among the k of the largest scores.
class TopK final : public Metric {
 public:
  TopK(const OutputMeaning&, int64_t k) : k_(static_cast<size_t>(k)) {}
  void add(const Tensor& output, const Tensor& labels) override {
    ScoreRows rows = rows_of(output, labels);
    for (size_t i = 0; i < rows.count(); ++i) {
      std::span<const float> row = rows.row(i);
      if (rows.truth[i] >= row.size()) continue;
      float mine = row[rows.truth[i]];
      hits_ += static_cast<size_t>(std::ranges::count_if(row, [&](float x) { return x > mine; })) < k_;
    }
    count_ += rows.count();
  }
  Json result() const override { return ratio(static_cast<double>(hits_), static_cast<double>(count_)); }

 private:
  size_t k_;
  size_t hits_ = 0;
  size_t count_ = 0;
};

}  // namespace

METRIC(top_k_accuracy) = {
    .name = "top_k_accuracy",
    .doc =
        "The share of examples whose class is among the k likeliest; top_5_accuracy for k = 5, which top_k_accuracy "
        "means, too.",
    .aliases = {"top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"},
    .numbered = {"top_", "_accuracy", 5},
    .make = make<TopK>,
};

}  // namespace slipway::train
