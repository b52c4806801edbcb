// Metrics: what is measured on validation and test data beside the loss. All stream over batches; the areas under
// curves keep one score per example.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway::train {

// How a model's output is to be read.
struct OutputMeaning {
  bool probabilities = true;  // else logits
  bool labels = false;  // [N, L]: of L labels each is a question of its own (L > 1), with float32 labels of 0 and 1
  bool ctc = false;     // [N, T, classes] whose best path is read as CTC does: repeats merged, blanks (0) dropped
};

// One measure over the examples added so far.
class Metric {
 public:
  virtual ~Metric() = default;
  // output: float32 [n, ...]; labels: int64 classes [n] or [n, T], or float32 targets of the output's shape (one-hot
  // where classes are meant; 0 and 1 where there is one output per example).
  virtual void add(const Tensor& output, const Tensor& labels) = 0;
  // A number; of "confusion_matrix" rows of numbers.
  virtual Json result() const = 0;
};

// accuracy; top_k_accuracy (top_5_accuracy, for any k); precision, recall, f1 (of class 1 with two classes, else the
// mean over classes); auc and pr_auc (of class 1 of two, else the mean over each class against all others; the second
// is average precision; as scikit-learn's roc_auc_score with multi_class="ovr" and macro averages); log_loss;
// perplexity; confusion_matrix (rows: truth); mae, mse, rmse, r2; bleu and edit_distance of token sequences, which end
// at the first 0 (the second is insertions, deletions and replacements per token of the truth). Where an example has
// several labels, accuracy, precision, recall, f1, auc and pr_auc are means over the labels. Other names of theirs in
// Keras and scikit-learn ("f1_score", "RootMeanSquaredError") mean the same. invalid_argument for an unknown name, with
// the nearest known one.
Result<std::unique_ptr<Metric>> make_metric(std::string_view name, const OutputMeaning& meaning = {});

// The names above.
std::vector<std::string> metric_names();

// Whether a greater value is better; an error for a name that is none, or a metric that is no single number.
Result<bool> greater_metric_is_better(std::string_view name);

// Area under the ROC curve: the probability that an example of class 1 scores above one of class 0, ties counting half
// (H. B. Mann, D. R. Whitney, 1947). 0.5 when a class is missing.
double roc_auc(std::span<const float> scores, std::span<const uint8_t> positive);

// Average precision: sum over thresholds of (recall gained) × precision, ties as one threshold. 0 without positives.
double average_precision(std::span<const float> scores, std::span<const uint8_t> positive);

// Insertions, deletions and replacements that turn a into b (V. Levenshtein, 1966).
int64_t token_edits(std::span<const int64_t> a, std::span<const int64_t> b);

// What corpus BLEU counts (K. Papineni et al., "BLEU", ACL 2002): clipped n-gram matches of n = 1..4 and lengths.
struct BleuCounts {
  int64_t matches[4] = {};
  int64_t possible[4] = {};
  int64_t length = 0;
  int64_t reference_length = 0;

  void add(std::span<const int64_t> tokens, std::span<const int64_t> reference);
  // Geometric mean of the four precisions × brevity penalty; 0 when one of them is 0.
  double bleu() const;
};

}  // namespace slipway::train
