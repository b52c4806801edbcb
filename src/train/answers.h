// Answers: what a model's answers on labelled data look like beside their metrics: who was taken for whom, how far they
// spread, where a threshold would have been better.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "train/metrics.h"

namespace slipway::train {

// Of two classes: the least score that is to count as class 1.
struct Threshold {
  double at = 0.5;      // of the probability
  double f1 = 0;        // of class 1 with it
  double f1_usual = 0;  // with 0.5
};

struct Answers {
  Json confusion;                      // counts, rows: truth; of several labels a table for each; null: no classes
  std::optional<Threshold> threshold;  // of two classes
  double spread = 0;                   // standard deviation of the numbers that were told
  double truth_spread = 0;             // of the labels
};

// Adds batches as a Metric does. `classes`: of the data, none: its targets are numbers. Keeps a score per example of
// two classes, else constant memory.
class AnswerKeeper {
 public:
  AnswerKeeper(const OutputMeaning& meaning, size_t classes);
  void add(const Tensor& output, const Tensor& labels);
  Answers result() const;

 private:
  struct Spread {
    double count = 0, mean = 0, squares = 0;
    void add(double x);
    double deviation() const;
  };

  bool classified_;
  OutputMeaning meaning_;
  std::unique_ptr<Metric> confusion_;
  std::vector<float> scores_;  // probabilities of class 1
  std::vector<uint8_t> truth_;
  Spread told_, wanted_;
};

// The threshold with the greatest F1, the least of several; nullopt where a class is missing.
std::optional<Threshold> best_threshold(std::span<const float> probabilities, std::span<const uint8_t> truth);

// What is known of one class: scikit-learn's classification_report.
struct ClassScore {
  std::string name;
  int64_t examples = 0;
  double precision = 0, recall = 0, f1 = 0;
};
// By class of a confusion matrix; of several labels, by label. Names beyond `classes` are numbers.
std::vector<ClassScore> class_scores(const Json& confusion, const std::vector<std::string>& classes);
Json to_json(const std::vector<ClassScore>& scores);

}  // namespace slipway::train
