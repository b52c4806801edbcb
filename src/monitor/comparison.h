// Comparison: what two versions answered to the same inputs, row by row, in constant memory. Pure.
//
// Paired answers say more than two separate streams: whatever is strange about the inputs, both versions met it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/status.h"
#include "sketch/moments.h"
#include "sketch/quantiles.h"
#include "tensor/tensor.h"

namespace slipway {

// A class that a version gives at least this probability counts as one that it is sure of.
inline constexpr float kSure = 0.8f;

// What one version gave for one request.
struct Given {
  Status status;
  Tensor output;        // the first output, [rows, ...]; undefined unless ok
  int64_t took_ns = 0;  // of the run
};

// Answers that a version was sure of, and how many of them the other one contradicted.
struct Contradictions {
  int64_t sure = 0;
  int64_t contradicted = 0;
};

struct Comparison {
  int64_t requests = 0;          // both versions were asked
  int64_t not_comparable = 0;    // of them: one of the two does not take such inputs, or answers in another shape
  int64_t failed_before = 0;     // only the version before failed
  int64_t failed_now = 0;        // only the new one failed
  int64_t rows = 0;              // both answered
  int64_t invalid_before = 0;    // rows: a NaN or an infinity, where the other had none
  int64_t invalid_now = 0;       //
  int64_t classes_compared = 0;  // rows that name a class in both answers
  int64_t disagreed = 0;         // of them: another class
  Contradictions all;            // of classes that the version before was sure of
  std::map<int64_t, Contradictions> by_class;  // the same per class of the version before
  Moments confidence_fall;  // confidence before - now, per row; not where one version alone scores each class by itself
  Moments squared;          // mean over a row's numbers of (now - before)^2, of answers that name no class
  Moments numbers;          // the numbers that the version before answered
  Quantiles took_before;    // seconds of a request
  Quantiles took_now;

  // Rows whose truth is known.
  int64_t labelled = 0;
  int64_t right_before = 0;
  int64_t right_now = 0;
  int64_t only_before = 0;  // the version before was right, the new one was not
  int64_t only_now = 0;     // the other way round
  Moments error_rise;       // squared error now - before: of probabilities (Brier's score), or of numbers
  Moments error_before;     // squared error before
  Moments truth;            // labels that are numbers

  // `labels`: undefined, or [rows] class indices (int64), or [rows, ...] numbers (float32).
  // `rename`: the class of the version before that a class of the new one means; empty: the same.
  void add(const Given& before, const Given& now, int64_t rows, const Tensor& labels = {},
           std::span<const int64_t> rename = {});
  void merge(const Comparison& other);
};

// Lower and upper limit.
struct ConfidenceLimits {
  double lower = 0;
  double upper = 1;
};
// Of a share k / n, z standard errors wide: E. B. Wilson, "Probable inference, the law of succession, and statistical
// inference", 1927.
ConfidenceLimits share_limits(double k, double n, double z);
// Of a mean.
ConfidenceLimits mean_limits(const Moments& values, double z);
// Of the difference of two shares measured on the same n rows, (only_a - only_b) / n: the adjusted interval of
// D. Bonett, R. Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on paired
// data", Journal of Educational and Behavioral Statistics 2012.
ConfidenceLimits paired_share_limits(double only_a, double only_b, double n, double z);

}  // namespace slipway
