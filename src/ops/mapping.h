// Looking up the elements of a tensor in a table: LabelEncoder, CategoryMapper, OneHotEncoder.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "graph/operator.h"

namespace slipway::ops {

// The position of each key; the first of equal ones. NaN equals itself.
template <typename K>
class KeyTable {
 public:
  explicit KeyTable(const std::vector<K>& keys) {
    for (size_t i = 0; i < keys.size(); ++i) {
      if (is_nan(keys[i])) nan_ = nan_ < 0 ? static_cast<int64_t>(i) : nan_;
      if (!is_nan(keys[i])) at_.emplace(keys[i], static_cast<int64_t>(i));
    }
  }
  // -1 when it is not there.
  int64_t find(const K& key) const {
    if (is_nan(key)) return nan_;
    auto it = at_.find(key);
    return it == at_.end() ? -1 : it->second;
  }

 private:
  static bool is_nan(const K& key) {
    if constexpr (std::is_floating_point_v<K>) return std::isnan(key);
    return false;
  }

  std::unordered_map<K, int64_t> at_;
  int64_t nan_ = -1;
};

// y[i] = values[position of x[i] in keys], or `otherwise`.
template <typename K, typename V>
Result<Kernel> mapping_kernel(const PrepareContext& c, const std::vector<K>& keys, const std::vector<V>& values,
                              const V& otherwise) {
  if (keys.size() != values.size()) {
    return invalid(fmt::format("{} keys and {} values; expected as many", keys.size(), values.size()));
  }
  auto table = std::make_shared<const KeyTable<K>>(keys);
  auto shared = std::make_shared<const std::vector<V>>(values);
  return Kernel{[=, n = c.in(0).count()](const KernelArgs& a) {
    for (int64_t i = 0; i < n; ++i) {
      int64_t at = table->find(a.input<K>(0)[i]);
      a.output<V>(0)[i] = at < 0 ? otherwise : (*shared)[static_cast<size_t>(at)];
    }
  }};
}

}  // namespace slipway::ops
