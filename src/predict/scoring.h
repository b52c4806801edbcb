// Scoring: how good a model's answers are on labelled data.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "predict/predictor.h"
#include "train/metrics.h"

namespace slipway {

// The truth of rows as labels: class indices int64 [n], or float32 [n, 1] of numbers. Errors name the row by ids.
Result<Tensor> labels_of(const Predictor& predictor, const std::vector<std::string>& truth,
                         const std::vector<std::string>& ids);

// Adds rows; keeps a score per row where a metric ranks them, else constant memory. Not thread-safe.
class Scores {
 public:
  // Classification: accuracy, precision, recall, f1, auc, pr_auc, log_loss, confusion_matrix, by class, and
  // calibration. Of numbers: mae, mse, rmse, r2.
  static Result<Scores> create(const Predictor& predictor);

  // output: the model's first; labels as labels_of gives them.
  void add(const Tensor& output, const Tensor& labels);

  // {"examples", a member per metric, "classes": [{"name", "precision", "recall", "f1", "examples"}], "calibration":
  // {"ece", "bins": [{"low", "high", "examples", "confidence", "accuracy"}]}}. The expected calibration error is the
  // mean over ten bins of equal width, by examples, of |accuracy - confidence| (M. P. Naeini et al., AAAI 2015).
  Json result() const;

 private:
  struct Bin {
    int64_t examples = 0, right = 0;
    double confidence = 0;
  };

  const Predictor* predictor_ = nullptr;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<train::Metric>> metrics_;
  std::vector<Bin> bins_;
  int64_t examples_ = 0;
};

}  // namespace slipway
