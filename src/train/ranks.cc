// Areas under curves over thresholds of a score.
#include <algorithm>
#include <cstdint>
#include <numeric>

#include "train/metrics.h"

namespace slipway::train {

namespace {

// Indices in falling order of score.
std::vector<uint32_t> by_score(std::span<const float> scores) {
  std::vector<uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
  return order;
}

// f(positives, negatives) for each group of equal scores, from the highest on.
template <typename F>
void each_tie(std::span<const float> scores, std::span<const uint8_t> positive, F f) {
  std::vector<uint32_t> order = by_score(scores);
  for (size_t i = 0; i < order.size();) {
    double ones = 0, zeros = 0;
    size_t first = i;
    for (; i < order.size() && scores[order[i]] == scores[order[first]]; ++i) (positive[order[i]] ? ones : zeros) += 1;
    if (i == first) return;  // NaN: no order from here on
    f(ones, zeros);
  }
}

}  // namespace

double roc_auc(std::span<const float> scores, std::span<const uint8_t> positive) {
  double above = 0, wins = 0, negatives = 0;
  each_tie(scores, positive, [&](double ones, double zeros) {
    wins += zeros * (above + ones / 2);
    above += ones;
    negatives += zeros;
  });
  return above > 0 && negatives > 0 ? wins / (above * negatives) : 0.5;
}

double average_precision(std::span<const float> scores, std::span<const uint8_t> positive) {
  double found = 0, seen = 0, area = 0;
  each_tie(scores, positive, [&](double ones, double zeros) {
    found += ones;
    seen += ones + zeros;
    area += ones * found / seen;
  });
  return found > 0 ? area / found : 0;
}

}  // namespace slipway::train
