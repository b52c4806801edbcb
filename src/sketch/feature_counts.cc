// FeatureCounts' loops, compiled for every vector width the processor may have (Highway).
#include "sketch/feature_counts.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sketch/feature_counts.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace slipway {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Vector lanes of features [f, f + lanes) against every edge, all rows at a time.
template <class D>
HWY_INLINE void count_block(D d, const float* x, size_t rows, size_t features, const float* table, size_t depth,
                            size_t f, uint32_t* at_least, float* sums) {
  const hn::RebindToUnsigned<D> du;
  auto sum = hn::LoadU(d, sums + f);
  for (size_t r = 0; r < rows; ++r) sum = hn::Add(sum, hn::LoadU(d, x + r * features + f));
  hn::StoreU(sum, d, sums + f);
  for (size_t j = 0; j < depth; ++j) {
    const auto edge = hn::LoadU(d, table + j * features + f);
    auto count = hn::LoadU(du, at_least + j * features + f);
    for (size_t r = 0; r < rows; ++r) {
      auto above = hn::Ge(hn::LoadU(d, x + r * features + f), edge);
      count = hn::Sub(count, hn::BitCast(du, hn::VecFromMask(d, above)));
    }
    hn::StoreU(count, du, at_least + j * features + f);
  }
}

void count(const float* x, size_t rows, size_t features, const float* table, size_t depth, uint32_t* at_least,
           float* sums) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t f = 0;
  for (; f + lanes <= features; f += lanes) count_block(d, x, rows, features, table, depth, f, at_least, sums);
  const hn::CappedTag<float, 1> one;
  for (; f < features; ++f) count_block(one, x, rows, features, table, depth, f, at_least, sums);
}

// Two passes: the deviation of a nearly constant row is not lost to cancellation.
RowSummary summarize(const float* x, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto sums = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) sums = hn::Add(sums, hn::LoadU(d, x + i));
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (size_t k = i; k < n; ++k) sum += x[k];
  const float mean = sum / static_cast<float>(n);
  auto squares = hn::Zero(d);
  const auto center = hn::Set(d, mean);
  for (size_t k = 0; k < i; k += lanes) {
    auto delta = hn::Sub(hn::LoadU(d, x + k), center);
    squares = hn::MulAdd(delta, delta, squares);
  }
  float square = hn::GetLane(hn::SumOfLanes(d, squares));
  for (size_t k = i; k < n; ++k) square += (x[k] - mean) * (x[k] - mean);
  const float variance = square / static_cast<float>(n);
  if (!(variance <= 3e38f)) return {0, 0, false};
  return {mean, hn::GetLane(hn::Sqrt(hn::Set(d, variance))), true};
}

}  // namespace HWY_NAMESPACE
}  // namespace slipway
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <limits>

#include "base/check.h"

namespace slipway {

HWY_EXPORT(count);
HWY_EXPORT(summarize);

FeatureEdges::FeatureEdges(std::vector<std::vector<float>> edges) : edges_(std::move(edges)) {
  for (const auto& e : edges_) depth_ = std::max(depth_, static_cast<int64_t>(e.size()));
  table_.assign(static_cast<size_t>(depth_) * edges_.size(), std::numeric_limits<float>::infinity());
  for (size_t f = 0; f < edges_.size(); ++f) {
    for (size_t j = 0; j < edges_[f].size(); ++j) table_[j * edges_.size() + f] = edges_[f][j];
  }
}

std::shared_ptr<const FeatureEdges> FeatureEdges::none(int64_t features) {
  return std::make_shared<const FeatureEdges>(std::vector<std::vector<float>>(static_cast<size_t>(features)));
}

FeatureCounts::FeatureCounts(std::shared_ptr<const FeatureEdges> edges)
    : edges_(std::move(edges)),
      at_least_(edges_->table().size(), 0),
      sums_(static_cast<size_t>(edges_->features()), 0) {}

void FeatureCounts::add(const float* x, int64_t rows) {
  rows_ += rows;
  HWY_DYNAMIC_DISPATCH(count)
  (x, static_cast<size_t>(rows), sums_.size(), edges_->table().data(), static_cast<size_t>(edges_->depth()),
   at_least_.data(), sums_.data());
}

void FeatureCounts::merge(const FeatureCounts& other) {
  CHECK(edges_ == other.edges_, "counts of different edges");
  rows_ += other.rows_;
  for (size_t i = 0; i < at_least_.size(); ++i) at_least_[i] += other.at_least_[i];
  for (size_t i = 0; i < sums_.size(); ++i) sums_[i] += other.sums_[i];
}

void FeatureCounts::clear() {
  rows_ = 0;
  std::fill(at_least_.begin(), at_least_.end(), 0);
  std::fill(sums_.begin(), sums_.end(), 0.0f);
}

std::vector<int64_t> FeatureCounts::counts(int64_t feature) const {
  std::vector<int64_t> bins(edges_->edges(feature).size() + 1, 0);
  int64_t above = rows_;
  for (size_t j = 0; j + 1 < bins.size(); ++j) {
    int64_t next = at_least_[j * sums_.size() + static_cast<size_t>(feature)];
    bins[j] = above - next;
    above = next;
  }
  bins.back() = above;
  return bins;
}

double FeatureCounts::mean(int64_t feature) const {
  return rows_ == 0 ? 0 : sums_[static_cast<size_t>(feature)] / static_cast<double>(rows_);
}

RowSummary summarize_row(std::span<const float> row) {
  if (row.empty()) return {};
  return HWY_DYNAMIC_DISPATCH(summarize)(row.data(), row.size());
}

}  // namespace slipway

#endif
