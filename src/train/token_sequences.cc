// How far sequences of tokens are from each other.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "train/metrics.h"

namespace slipway::train {

namespace {

std::map<std::vector<int64_t>, int64_t> n_grams(std::span<const int64_t> tokens, size_t n) {
  std::map<std::vector<int64_t>, int64_t> counts;
  for (size_t i = 0; i + n <= tokens.size(); ++i) ++counts[{tokens.begin() + i, tokens.begin() + i + n}];
  return counts;
}

}  // namespace

int64_t token_edits(std::span<const int64_t> a, std::span<const int64_t> b) {
  std::vector<int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), int64_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      int64_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

void BleuCounts::add(std::span<const int64_t> tokens, std::span<const int64_t> reference) {
  length += static_cast<int64_t>(tokens.size());
  reference_length += static_cast<int64_t>(reference.size());
  for (size_t n = 1; n <= 4; ++n) {
    std::map<std::vector<int64_t>, int64_t> theirs = n_grams(reference, n);
    for (const auto& [gram, count] : n_grams(tokens, n)) {
      auto found = theirs.find(gram);
      if (found != theirs.end()) matches[n - 1] += std::min(count, found->second);
      possible[n - 1] += count;
    }
  }
}

double BleuCounts::bleu() const {
  double logs = 0;
  for (int n = 0; n < 4; ++n) {
    if (matches[n] == 0) return 0;
    logs += std::log(static_cast<double>(matches[n]) / static_cast<double>(possible[n])) / 4;
  }
  double brevity = 1 - static_cast<double>(reference_length) / static_cast<double>(length);
  return std::exp(logs + std::min(0.0, brevity));
}

}  // namespace slipway::train
