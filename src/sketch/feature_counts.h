// FeatureCounts: one histogram per feature for rows of many features, updated with vector instructions.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace slipway {

// The bin edges of F features, frozen. Features may have different numbers of edges.
class FeatureEdges {
 public:
  // edges[f] ascends strictly.
  explicit FeatureEdges(std::vector<std::vector<float>> edges);
  // F features without edges: only their sums are kept.
  static std::shared_ptr<const FeatureEdges> none(int64_t features);

  int64_t features() const { return static_cast<int64_t>(edges_.size()); }
  const std::vector<float>& edges(int64_t feature) const { return edges_[static_cast<size_t>(feature)]; }
  // The most edges any feature has.
  int64_t depth() const { return depth_; }
  // [depth, features], features with fewer edges padded with infinity.
  const std::vector<float>& table() const { return table_; }

 private:
  std::vector<std::vector<float>> edges_;
  int64_t depth_ = 0;
  std::vector<float> table_;
};

// Keeps, per feature, the number of rows at or above each edge and the sum of values: counts[j, f] += x[f] >= edge[j,
// f].
class FeatureCounts {
 public:
  FeatureCounts() = default;
  explicit FeatureCounts(std::shared_ptr<const FeatureEdges> edges);

  bool defined() const { return edges_ != nullptr; }
  const std::shared_ptr<const FeatureEdges>& edges() const { return edges_; }
  // x: [rows, features], all finite.
  void add(const float* x, int64_t rows);
  // Requires: the same FeatureEdges object.
  void merge(const FeatureCounts& other);
  void clear();

  int64_t rows() const { return rows_; }
  // Rows per bin, as in Histogram.
  std::vector<int64_t> counts(int64_t feature) const;
  double mean(int64_t feature) const;

 private:
  std::shared_ptr<const FeatureEdges> edges_;
  int64_t rows_ = 0;
  std::vector<uint32_t> at_least_;  // [depth, features]
  std::vector<float> sums_;         // [features]
};

// Mean and deviation (of the population) over one row; `finite` is false when the row holds a NaN or an infinity, and
// the others are 0 then.
struct RowSummary {
  float mean = 0;
  float deviation = 0;
  bool finite = true;
};
RowSummary summarize_row(std::span<const float> row);

}  // namespace slipway
