// Choice of watched series.
#include "monitor/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// A typical deviation from row to row.
double row_deviation(const View& view) {
  double sum = 0, points = 0;
  for (const Point& p : view.points) {
    if (p.troubled || p.rows < 2) continue;
    sum += p.row_mean_deviation;
    ++points;
  }
  return points == 0 ? kNever : sum / points;
}

}  // namespace

bool Series::matters(double mean, double to) const {
  const double move = to - mean;
  if (move > 0 ? !rises : !falls) return false;
  return std::abs(move) >= std::max(least, least_share * std::abs(mean));
}

std::vector<Series> watched_series(const View& view, int64_t least_requests) {
  struct Source {
    Series series;
    double Point::*value;
  };
  std::vector<Source> sources;
  sources.push_back(
      {{.name = "latency", .unit = " s", .falls = false, .least_share = 0.5, .least = 1e-3}, &Point::latency});
  if (view.baseline == nullptr) {
    sources.push_back({{.name = "confidence", .rises = false, .least = 0.05}, &Point::confidence});
    sources.push_back({{.name = "input mean", .least = 0.5 * row_deviation(view)}, &Point::row_mean});
  }
  std::vector<Series> all;
  for (Source& source : sources) {
    Series& series = source.series;
    for (const Point& p : view.points) {
      if (p.requests < least_requests) continue;
      series.x.push_back(p.*source.value);
      series.healthy.push_back(!p.troubled);
    }
    const bool silent = std::all_of(series.x.begin(), series.x.end(), [](double x) { return x == 0; });
    if (!silent) all.push_back(std::move(series));
  }
  return all;
}

Reference reference_before(const View& view, std::string_view detector, const Series& series, size_t newest,
                           size_t most, double floor) {
  if (const Json* open = view.evidence(detector, series.name)) {
    return {(*open)["mean"].as_double(), (*open)["sigma"].as_double(), (*open)["points"].as_int()};
  }
  std::vector<double> before;
  for (size_t i = series.x.size() - std::min(newest, series.x.size()); i > 0 && before.size() < most; --i) {
    if (series.healthy[i - 1]) before.push_back(series.x[i - 1]);
  }
  return reference_of(before, floor);
}

}  // namespace slipway
