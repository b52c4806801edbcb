// Histogram: counts between fixed edges, mergeable; and edges made from the quantiles of a sample.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/json.h"

namespace slipway {

// Bin i holds edges[i - 1] <= x < edges[i]; the first and the last bin are open. Edges are floats, ascending.
class Histogram {
 public:
  Histogram() : counts_(1, 0) {}
  // Requires: edges ascend strictly.
  explicit Histogram(std::vector<float> edges);
  // Requires: counts.size() == edges.size() + 1.
  Histogram(std::vector<float> edges, std::vector<int64_t> counts);

  // Values must not be NaN.
  void add(float x, int64_t count = 1);
  // Requires: the same edges.
  void merge(const Histogram& other);

  const std::vector<float>& edges() const { return edges_; }
  const std::vector<int64_t>& counts() const { return counts_; }
  int64_t total() const;

  // {"edges": [...], "counts": [...]}
  Json to_json() const;
  static Result<Histogram> from_json(const Json& json);

 private:
  std::vector<float> edges_;
  std::vector<int64_t> counts_;
};

// Edges that cut `sample` into at most `bins` bins of about equal weight. A value that holds several quantiles (a pixel
// that is mostly 0) gets a bin of its own; so does every value of a column of up to twelve categories, and what lies
// beyond the ends of a column of up to 64 values (a category that the sample does not know). Edges stand halfway
// between neighbouring values, so that a client who sends fewer digits does not move values over them. Requires: bins
// >= 2 and finite values; no edges from an empty sample.
std::vector<float> quantile_edges(std::vector<float> sample, int bins);

// A float as the shortest decimal that reads back as the same float, so that JSON stays small.
double shortest(float x);

}  // namespace slipway
