// TopCounts: how often each of many ids occurred, exact for up to `capacity` ids, the heaviest ones beyond that.
//
// Space-Saving: A. Metwally, D. Agrawal, A. El Abbadi, "Efficient computation of frequent and top-k elements in data
// streams", ICDT 2005. Merge: G. Cormode et al., "Mergeable summaries", PODS 2012.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/json.h"

namespace slipway {

class TopCounts {
 public:
  explicit TopCounts(size_t capacity) : capacity_(capacity) {}
  TopCounts() : TopCounts(1024) {}

  // When a new id finds no room it takes the place of the rarest and inherits its count (an overestimate by at most
  // total / capacity).
  void add(int64_t id, int64_t count = 1);
  void merge(const TopCounts& other);

  int64_t total() const { return total_; }
  int64_t count(int64_t id) const;
  // Counts never were approximated.
  bool exact() const { return exact_; }
  const std::map<int64_t, int64_t>& counts() const { return counts_; }
  // The n most frequent as (id, count), heaviest first, ties by id.
  std::vector<std::pair<int64_t, int64_t>> top(size_t n) const;

  // {"total": n, "exact": true, "counts": [[id, count], ...]}
  Json to_json() const;
  static Result<TopCounts> from_json(const Json& json, size_t capacity = 1024);

 private:
  size_t capacity_;
  int64_t total_ = 0;
  bool exact_ = true;
  std::map<int64_t, int64_t> counts_;
};

}  // namespace slipway
