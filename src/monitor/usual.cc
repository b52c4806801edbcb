// The choice of points.
#include "monitor/usual.h"

#include <algorithm>
#include <cmath>

namespace slipway {

int64_t Usual::requests() const {
  int64_t all = 0;
  for (const Point& p : points) all += p.requests;
  return all;
}

Share Usual::share(Failure failure) const {
  Share all;
  for (const Point& p : points) {
    all.failing += p.shares[static_cast<size_t>(failure)].failing;
    all.of += p.shares[static_cast<size_t>(failure)].of;
  }
  return all;
}

Usual usual_of(const View& view) {
  Usual usual;
  for (const Point& p : view.previous_points) {
    if (!p.troubled) usual.points.push_back(p);
  }
  usual.of_previous = !usual.points.empty();
  if (usual.of_previous) return usual;
  for (const Point& p : view.points) {
    const bool newest = view.recent.requests > 0 && p.time_us > view.recent.start_us;
    if (!p.troubled && !newest) usual.points.push_back(p);
  }
  return usual;
}

double quantile_of(std::vector<double> values, double q) {
  const double rank = std::ceil(q * static_cast<double>(values.size()));
  auto at =
      values.begin() + std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(rank) - 1, 0, std::ssize(values) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace slipway
