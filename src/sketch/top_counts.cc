// Space-Saving.
#include "sketch/top_counts.h"

#include <algorithm>

namespace slipway {

void TopCounts::add(int64_t id, int64_t count) {
  total_ += count;
  if (auto it = counts_.find(id); it != counts_.end()) {
    it->second += count;
    return;
  }
  if (counts_.size() < capacity_) {
    counts_.emplace(id, count);
    return;
  }
  exact_ = false;
  auto rarest = std::min_element(counts_.begin(), counts_.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; });
  int64_t inherited = rarest->second;
  counts_.erase(rarest);
  counts_.emplace(id, inherited + count);
}

void TopCounts::merge(const TopCounts& other) {
  int64_t total = total_ + other.total_;
  exact_ = exact_ && other.exact_;
  for (auto [id, count] : other.top(other.counts_.size())) add(id, count);
  total_ = total;
}

int64_t TopCounts::count(int64_t id) const {
  auto it = counts_.find(id);
  return it == counts_.end() ? 0 : it->second;
}

std::vector<std::pair<int64_t, int64_t>> TopCounts::top(size_t n) const {
  std::vector<std::pair<int64_t, int64_t>> items(counts_.begin(), counts_.end());
  std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  items.resize(std::min(n, items.size()));
  return items;
}

Json TopCounts::to_json() const {
  Json counts = Json::array();
  for (auto [id, count] : counts_) counts.push(Json::array({id, count}));
  return Json::object({{"total", total_}, {"exact", exact_}, {"counts", std::move(counts)}});
}

Result<TopCounts> TopCounts::from_json(const Json& json, size_t capacity) {
  TopCounts sketch(capacity);
  for (const Json& pair : json["counts"].items()) {
    if (pair.items().size() != 2 || !pair.items()[0].is_integer() || pair.items()[1].as_int(-1) < 0) {
      return invalid("top counts: expected [id, count], found " + pair.dump());
    }
    sketch.add(pair.items()[0].as_int(), pair.items()[1].as_int());
  }
  sketch.total_ = json["total"].as_int();
  sketch.exact_ = json["exact"].as_bool();
  return sketch;
}

}  // namespace slipway
