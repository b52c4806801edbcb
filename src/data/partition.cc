// Drawing rows.
#include "data/partition.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "base/random.h"

namespace slipway {

namespace {

constexpr uint64_t kClassStream = 0x636C617373;  // "class"
constexpr uint64_t kGroupStream = 0x67726F7570;  // "group"

Status check_counts(size_t n, size_t held, double fraction, std::string_view name) {
  if (!(fraction > 0 && fraction < 1)) {
    return invalid(fmt::format("{}: expected a fraction between 0 and 1 to hold out, found {}", name, fraction));
  }
  if (held > 0 && held < n) return {};
  return invalid(
      fmt::format("{}: holding out {} of {} examples leaves one part empty; give more data or another fraction", name,
                  fraction, n));
}

size_t share(double fraction, size_t n) {
  return fraction > 0 && fraction < 1 ? static_cast<size_t>(std::llround(fraction * static_cast<double>(n))) : 0;
}

RowSplit divided(const std::vector<bool>& held) {
  RowSplit rows;
  for (size_t i = 0; i < held.size(); ++i) (held[i] ? rows.held_out : rows.rest).push_back(static_cast<uint32_t>(i));
  return rows;
}

// How many of each class are held out, `total` in all.
std::vector<size_t> shares_of(const std::vector<std::vector<uint32_t>>& classes, double fraction, size_t total) {
  std::vector<size_t> held;
  std::vector<std::pair<double, size_t>> remainders;
  size_t sum = 0;
  for (size_t c = 0; c < classes.size(); ++c) {
    const double exact = fraction * static_cast<double>(classes[c].size());
    held.push_back(static_cast<size_t>(exact));
    remainders.emplace_back(static_cast<double>(held.back()) - exact, c);
    sum += held.back();
  }
  std::ranges::stable_sort(remainders);
  for (size_t i = 0; sum < total && i < remainders.size(); ++i) {
    const size_t c = remainders[i].second;
    if (held[c] + 1 >= classes[c].size()) continue;  // the last one stays for training
    ++held[c];
    ++sum;
  }
  return held;
}

}  // namespace

Result<RowSplit> split_by_class(std::span<const int64_t> labels, double fraction, uint64_t seed,
                                std::string_view name) {
  const size_t n = labels.size(), total = share(fraction, n);
  RETURN_IF_ERROR(check_counts(n, total, fraction, name));
  std::map<int64_t, std::vector<uint32_t>> members;
  for (size_t i = 0; i < n; ++i) members[labels[i]].push_back(static_cast<uint32_t>(i));
  std::vector<std::vector<uint32_t>> classes;
  for (auto& [label, rows] : members) classes.push_back(std::move(rows));
  const std::vector<size_t> held = shares_of(classes, fraction, total);
  if (std::accumulate(held.begin(), held.end(), size_t{0}) != total) {
    return split_rows(static_cast<uint32_t>(n), fraction, seed, name);
  }
  std::vector<bool> out(n);
  for (size_t c = 0; c < classes.size(); ++c) {
    Random random(seed, kClassStream + c);
    const std::vector<uint32_t> order = permutation(static_cast<uint32_t>(classes[c].size()), random);
    for (size_t i = 0; i < held[c]; ++i) out[classes[c][order[i]]] = true;
  }
  return divided(out);
}

Result<RowSplit> split_by_time(std::span<const double> keys, double fraction, std::string_view name) {
  const size_t n = keys.size(), total = share(fraction, n);
  RETURN_IF_ERROR(check_counts(n, total, fraction, name));
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, {}, [&](uint32_t row) { return keys[row]; });
  size_t first = n - total;
  while (first > 0 && keys[order[first - 1]] == keys[order[first]]) --first;
  RETURN_IF_ERROR(check_counts(n, n - first, fraction, name));
  std::vector<bool> out(n);
  for (size_t i = first; i < n; ++i) out[order[i]] = true;
  return divided(out);
}

Result<RowSplit> split_by_group(std::span<const std::string> groups, double fraction, uint64_t seed,
                                std::string_view name) {
  const size_t n = groups.size(), total = share(fraction, n);
  RETURN_IF_ERROR(check_counts(n, total, fraction, name));
  std::map<std::string_view, std::vector<size_t>> by_name;
  for (size_t row = 0; row < n; ++row) by_name[groups[row]].push_back(row);
  std::vector<const std::vector<size_t>*> members;
  for (const auto& [group, rows] : by_name) members.push_back(&rows);
  Random random(seed, kGroupStream);
  const std::vector<uint32_t> order = permutation(static_cast<uint32_t>(members.size()), random);
  std::vector<bool> out(n);
  size_t held = 0;
  for (size_t i = 0; i < order.size() && held < total; ++i) {
    for (size_t row : *members[order[i]]) out[row] = true;
    held += members[order[i]]->size();
  }
  RETURN_IF_ERROR(check_counts(n, held, fraction, name));
  return divided(out);
}

}  // namespace slipway
