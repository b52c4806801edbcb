// Baseline: what inputs and outputs looked like in training, small enough to travel with every version.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "sketch/feature_counts.h"
#include "sketch/histogram.h"
#include "sketch/moments.h"

namespace slipway {

// One input feature, or a number derived from a whole row.
struct FeatureBaseline {
  int64_t index = -1;   // position in the flattened row; -1 for derived numbers
  std::string name;     // "x[14, 7]", a column's name, "row mean"; on one line (base/utf8.h)
  Moments moments;      // over all rows
  Histogram histogram;  // over a uniform sample of the rows, between edges at its quantiles
};

struct Baseline {
  int64_t rows = 0;      // seen in training
  int64_t width = 0;     // numbers in a flattened input row
  int64_t outputs = 0;   // numbers in a flattened output row
  int64_t left_out = 0;  // rows left out for a NaN or an infinity

  // Every feature, or an even choice of them when the rows are wider than BaselineOptions::max_features.
  std::vector<FeatureBaseline> features;
  // Rows that training data hold again and again: hashes (sketch/row_hash.h) of the features' numbers, ascending.
  std::vector<uint64_t> common_rows;
  bool discrete = false;  // most rows are repeated by themselves

  FeatureBaseline row_mean;       // of the features of one row: an image's brightness
  FeatureBaseline row_deviation;  // of the features of one row: an image's contrast

  // Where classes, confidence, class_row_mean and value come from: "labels", "version 3", "itself"; "": not stated.
  std::string answers_from;
  std::vector<int64_t> classes;          // right answers per class, as far as that is known
  std::vector<std::string> class_names;  // may be empty; each on one line
  Moments confidence;
  Histogram confidence_histogram;
  std::vector<Moments> class_row_mean;  // row mean of the inputs answered with each class
  FeatureBaseline value;                // of a single output

  // "class 7", or its name.
  std::string class_name(int64_t category) const;
  // The name of the number at this position of a flattened row: "AGE", else "x[7]".
  std::string feature_name(int64_t index) const;
  bool common(uint64_t row_hash) const;
  // The features' positions when they are a choice, empty when they are all.
  std::vector<int64_t> chosen() const;
  // Edges of `features`, for counting rows of the chosen positions against this baseline.
  std::shared_ptr<const FeatureEdges> edges() const;

  Json to_json() const;
  // invalid_argument says which member is wrong.
  static Result<Baseline> from_json(const Json& json);
};

// Ten bins of equal width over [0, 1], for confidences.
Histogram confidence_bins();

}  // namespace slipway
