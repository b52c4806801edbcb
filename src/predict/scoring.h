// Scoring: how good a model's answers are on labelled data.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "predict/raw_model.h"
#include "predict/raw_reader.h"
#include "predict/score_picture.h"
#include "train/metrics.h"

namespace slipway {

// The columns that hold the truth: `said` where it is not empty, else what the model was trained to tell; of files in
// folders the folder's name. invalid_argument where nothing tells.
Result<std::vector<std::string>> truth_columns(const RawModel& predictor, const std::string& said);

// The truth of rows whose first columns are truth_columns(), as labels: class indices int64 [n]; float32 [n, targets]
// of numbers, and of labels that hold at once 0 and 1 each. Of a series what the reader found. Errors name the row by
// ids, in `where`.
Result<Tensor> labels_of(const RawModel& predictor, const RawRows& rows, std::string_view where);

// Adds rows; keeps a score per row where a metric ranks them, else constant memory. Not thread-safe.
class Scores {
 public:
  // Classification: accuracy, precision, recall, f1, auc, pr_auc, log_loss, confusion_matrix, by class, and
  // calibration. Of labels that hold at once the means over them, and a confusion matrix for each. Of numbers: mae,
  // mse, rmse, r2 over all of them.
  static Result<Scores> create(const RawModel& predictor);

  // output: the model's first; labels as labels_of gives them.
  void add(const Tensor& output, const Tensor& labels);

  // {"examples", a member per metric, "classes": [{"name", "precision", "recall", "f1", "examples"}], "calibration":
  // {"ece", "bins": [{"low", "high", "examples", "confidence", "accuracy"}]}}. The expected calibration error is the
  // mean over ten bins of equal width, by examples, of |accuracy - confidence| (M. P. Naeini et al., AAAI 2015).
  Json result() const;

  // Of numbers some of those told, evenly chosen, at most 2,000.
  const std::vector<ToldNumber>& numbers() const { return numbers_; }

 private:
  struct Bin {
    int64_t examples = 0, right = 0;
    double confidence = 0;
  };

  void calibrate(float confidence, bool right);
  void keep(ToldNumber number);

  const RawModel* predictor_ = nullptr;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<train::Metric>> metrics_;
  std::vector<Bin> bins_;
  int64_t examples_ = 0;
  int64_t answers_ = 0;  // that were calibrated: of labels one for each
  std::vector<ToldNumber> numbers_;
  int64_t seen_ = 0, every_ = 1;  // numbers, and which of them are kept
};

}  // namespace slipway
