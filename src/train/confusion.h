// What classes were answered for what classes, and what accuracy, precision, recall and F1 make of it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace slipway::train {

// a / b; 0 where there is nothing to divide by.
inline double ratio(double a, double b) { return b > 0 ? a / b : 0; }

// Counts by (truth, answer). A plain value.
struct Confusion {
  size_t classes = 0;
  std::vector<int64_t> counts;

  // Of `of` classes or more.
  void count(size_t truth, size_t guess, size_t of);
  double at(size_t truth, size_t guess) const { return static_cast<double>(counts[truth * classes + guess]); }
  double hits() const;
  double row_sum(size_t truth) const;
  double column_sum(size_t guess) const;

 private:
  void grow(size_t to);
};

Json accuracy_of(const Confusion& m);
// Of class 1 with two classes, else the mean over classes.
Json precision_of(const Confusion& m);
Json recall_of(const Confusion& m);
Json f1_of(const Confusion& m);
// Rows of counts: truth.
Json table_of(const Confusion& m);

}  // namespace slipway::train
