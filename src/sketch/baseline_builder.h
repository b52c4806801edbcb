// BaselineBuilder: makes a Baseline from training data, batch by batch, in bounded memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "sketch/baseline.h"

namespace slipway {

struct BaselineOptions {
  int bins = 10;                         // most bins a feature gets
  int64_t max_features = 4096;           // of wider rows an even choice is kept
  int64_t sample_rows = 4096;            // rows kept to find quantiles from
  uint64_t seed = 1;                     // of that choice
  std::vector<int64_t> row_shape;        // of one example, for names like "x[14, 7]"; empty: "x[7]"
  std::vector<std::string> names;        // one per number of a flattened row; empty: from row_shape
  std::vector<std::string> class_names;  // may be empty
};

class BaselineBuilder {
 public:
  // width, outputs: numbers in a flattened input and output row.
  BaselineBuilder(int64_t width, int64_t outputs, BaselineOptions options = {});

  // inputs: [rows, width]; outputs: [rows, outputs], what the model answers for them. Outputs of held-out rows make a
  // truer confidence than those of rows it was fitted to. `truth`: the right class's index, or number, of every row;
  // empty: not known. invalid_argument when the sizes do not fit.
  Status add(std::span<const float> inputs, std::span<const float> outputs, int64_t rows,
             std::span<const float> truth = {});

  // A model that is to be watched must not be its own measure, so classes and values are those of the truth where it is
  // known, whatever was answered; with one exception: a model that is right more often than by always giving the most
  // frequent class (than by the mean) and yet spreads its answers otherwise than the truth is spread (a weak one does)
  // would be found strange for ever, and is measured by its own answers. Confidences are kept unless they are off the
  // share of right answers by more than 0.1. failed_precondition when no finite row was added.
  Result<Baseline> build() const;

 private:
  // What rows are answered with: by the model, or in truth.
  struct Answers {
    Moments value;
    std::vector<float> sample_value;
    std::vector<int64_t> classes;
    std::vector<Moments> class_row_mean;
    void add(int64_t category, float mean);
  };
  void add_row(std::span<const float> row, std::span<const float> output, const float* truth);
  bool measured_by_truth() const;
  void add_features(std::span<const float> row);
  void keep_in_sample(std::span<const float> row, const RowSummary& summary, float value, const float* truth);
  std::string feature_name(int64_t index) const;

  int64_t width_;
  int64_t outputs_;
  BaselineOptions options_;
  std::vector<int64_t> chosen_;
  Random random_;
  int64_t rows_ = 0;
  int64_t left_out_ = 0;
  std::vector<float> gathered_;  // the chosen features of one row
  std::vector<double> shift_;    // the first row; sums below are of x - shift
  std::vector<double> sums_;
  std::vector<double> squares_;
  std::vector<float> least_;
  std::vector<float> most_;
  std::vector<float> sample_;  // [kept, chosen] rows of a reservoir
  std::vector<float> sample_mean_;
  std::vector<float> sample_deviation_;
  Moments row_mean_;
  Moments row_deviation_;
  Moments confidence_;
  Histogram confidence_histogram_;
  Answers given_;
  Answers right_;
  int64_t known_ = 0;      // rows whose truth is known
  int64_t named_ = 0;      // of them: the truth is a class, and so is the answer
  int64_t correct_ = 0;    // of them: answered so
  Moments squared_error_;  // of a single output
};

}  // namespace slipway
