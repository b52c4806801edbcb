// Choice of watched series.
#include "monitor/series.h"

#include <algorithm>

namespace slipway {

std::vector<Series> watched_series(const std::vector<Point>& points, int64_t least_requests) {
  struct Source {
    const char* name;
    const char* unit;
    double Point::*value;
  };
  static constexpr Source kSources[] = {{"latency", " s", &Point::latency},
                                        {"confidence", "", &Point::confidence},
                                        {"input mean", "", &Point::row_mean},
                                        {"request rate", " requests/s", &Point::rate}};
  std::vector<Series> all;
  for (const Source& source : kSources) {
    Series series{source.name, source.unit, {}};
    for (const Point& p : points) {
      if (p.requests >= least_requests) series.x.push_back(p.*source.value);
    }
    bool silent = std::all_of(series.x.begin(), series.x.end(), [](double x) { return x == 0; });
    if (!silent) all.push_back(std::move(series));
  }
  return all;
}

}  // namespace slipway
