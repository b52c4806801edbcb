// Metrics of the probability given to the class that is true.
#include <algorithm>
#include <cmath>

#include "train/confusion.h"
#include "train/metrics/metric_card.h"
#include "train/metrics/scores.h"

namespace slipway::train {

namespace {

// -log of the probability given to class `truth`.
double surprise(std::span<const float> row, size_t truth, const OutputMeaning& meaning) {
  constexpr double kLeast = 1e-15;
  if (row.size() == 1) {
    double x = static_cast<double>(row[0]);
    double p = meaning.probabilities ? x : 1 / (1 + std::exp(-x));
    return -std::log(std::max(truth == 1 ? p : 1 - p, kLeast));
  }
  double x = static_cast<double>(row[truth]);
  if (meaning.probabilities) return -std::log(std::max(x, kLeast));
  double most = static_cast<double>(*std::ranges::max_element(row)), sum = 0;
  for (float other : row) sum += std::exp(static_cast<double>(other) - most);
  return std::log(sum) + most - x;
}

double itself(double x) { return x; }

// f(mean of -log p)
template <double (*kOf)(double)>
class LikelihoodMetric final : public Metric {
 public:
  LikelihoodMetric(const OutputMeaning& meaning, int64_t) : meaning_(meaning) {}
  void add(const Tensor& output, const Tensor& labels) override {
    ScoreRows rows = rows_of(output, labels);
    for (size_t i = 0; i < rows.count(); ++i) {
      if (rows.truth[i] < std::max<size_t>(rows.classes, 2)) sum_ += surprise(rows.row(i), rows.truth[i], meaning_);
    }
    count_ += rows.count();
  }
  Json result() const override { return kOf(ratio(sum_, static_cast<double>(count_))); }

 private:
  OutputMeaning meaning_;
  double sum_ = 0;
  size_t count_ = 0;
};

}  // namespace

METRIC(log_loss) = {
    .name = "log_loss",
    .doc = "-log of the probability given to the class that is true, in the mean.",
    .better = Better::less,
    .make = make<LikelihoodMetric<itself>>,
};

METRIC(perplexity) = {
    .name = "perplexity",
    .doc = "exp(log_loss).",
    .better = Better::less,
    .make = make<LikelihoodMetric<std::exp>>,
};

}  // namespace slipway::train
