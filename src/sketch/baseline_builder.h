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
  // truer confidence than those of rows it was fitted to. invalid_argument when the sizes do not fit.
  Status add(std::span<const float> inputs, std::span<const float> outputs, int64_t rows);

  // failed_precondition when no finite row was added.
  Result<Baseline> build() const;

 private:
  void add_row(std::span<const float> row, std::span<const float> output);
  void add_features(std::span<const float> row);
  void keep_in_sample(std::span<const float> row, const RowSummary& summary, float value);
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
  std::vector<float> sample_value_;
  Moments row_mean_;
  Moments row_deviation_;
  Moments value_;
  Moments confidence_;
  Histogram confidence_histogram_;
  std::vector<int64_t> classes_;
  std::vector<Moments> class_row_mean_;
};

}  // namespace slipway
