// Nearest: optimal string alignment over three rows.
#include "base/nearest.h"

#include <algorithm>
#include <vector>

#include <fmt/ranges.h>

namespace slipway {

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> two_back(b.size() + 1);
  std::vector<int> back(b.size() + 1);
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    two_back.swap(back);
    back.swap(row);
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  const std::string* best = nullptr;
  int best_distance = 0;
  for (const std::string& candidate : candidates) {
    if (!word.empty() && candidate.starts_with(word)) return candidate;
    int distance = edit_distance(word, candidate);
    int allowed = std::max<int>(1, static_cast<int>(std::max(word.size(), candidate.size())) / 3);
    if (distance <= allowed && (best == nullptr || distance < best_distance)) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> near = nearest(word, candidates);
  return near ? "; did you mean " + *near + "?" : "";
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates, std::string_view lead) {
  const std::string guess = did_you_mean(word, candidates);
  const std::string all =
      fmt::format("{} {}", lead, candidates.empty() ? "none" : fmt::to_string(fmt::join(candidates, ", ")));
  return guess.empty() ? "; " + all : fmt::format("{} ({})", guess, all);
}

}  // namespace slipway
