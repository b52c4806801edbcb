// Merging and spelling of Moments.
#include "sketch/moments.h"

#include <algorithm>
#include <cmath>

namespace slipway {

void Moments::merge(const Moments& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  double n = static_cast<double>(count_);
  double m = static_cast<double>(other.count_);
  double delta = other.mean_ - mean_;
  mean_ += delta * m / (n + m);
  m2_ += other.m2_ + delta * delta * n * m / (n + m);
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Moments::deviation() const { return std::sqrt(variance()); }

Json Moments::to_json() const { return Json::array({count_, mean_, m2_, min_, max_}); }

Result<Moments> Moments::from_json(const Json& json) {
  const Json::Array& items = json.items();
  if (items.size() != 5) return invalid("moments: expected [count, mean, m2, min, max], found " + json.dump());
  for (const Json& item : items) {
    if (!item.is_number()) return invalid("moments: expected five numbers, found " + json.dump());
  }
  if (items[0].as_int() < 0 || items[2].as_double() < 0) {
    return invalid("moments: count and m2 must not be negative, found " + json.dump());
  }
  return Moments(items[0].as_int(), items[1].as_double(), items[2].as_double(), items[3].as_double(),
                 items[4].as_double());
}

}  // namespace slipway
