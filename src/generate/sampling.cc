// Distributions over tokens and draws from them.
#include "generate/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace slipway {

Status check(const Sampling& s) {
  if (!(s.temperature >= 0 && std::isfinite(s.temperature))) {
    return invalid(fmt::format("temperature is {}; expected a number of at least 0", s.temperature));
  }
  if (s.top_k < 0) return invalid(fmt::format("top_k is {}; expected at least 0 (all tokens)", s.top_k));
  if (!(s.top_p > 0 && s.top_p <= 1)) {
    return invalid(fmt::format("top_p is {}; expected a number above 0 and up to 1 (all tokens)", s.top_p));
  }
  return {};
}

std::vector<double> next_distribution(std::span<const float> scores, const Sampling& sampling) {
  std::vector<size_t> order(scores.size());  // the likeliest first
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  std::vector<double> p(scores.size());
  if (sampling.temperature == 0) {
    p[order[0]] = 1;
    return p;
  }
  size_t kept = order.size();
  if (sampling.top_k > 0) kept = std::min(kept, static_cast<size_t>(sampling.top_k));
  auto top = static_cast<double>(scores[order[0]]);
  double sum = 0;
  for (size_t i = 0; i < kept; ++i) {
    sum += p[order[i]] = std::exp((static_cast<double>(scores[order[i]]) - top) / sampling.temperature);
  }
  double reached = 0;
  for (size_t i = 0; i < kept; ++i) {
    if (sampling.top_p < 1 && reached >= sampling.top_p * sum) {
      p[order[i]] = 0;
    } else {
      reached += p[order[i]];
    }
  }
  for (double& each : p) each /= reached;
  return p;
}

int32_t draw(std::span<const double> probabilities, double u) {
  size_t last = 0;
  double sum = 0;
  for (size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] <= 0) continue;
    last = i;
    sum += probabilities[i];
    if (u < sum) break;
  }
  return static_cast<int32_t>(last);
}

}  // namespace slipway
