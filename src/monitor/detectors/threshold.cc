// |x - mean| > k sigma on latency, confidence and input mean, with a k learned from labels.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "monitor/series.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(threshold) = {
    .name = "threshold",
    .doc =
        "|x - mean| > k sigma for the last `persist` points of a series, all on one side; mean and sigma are of the "
        "healthy points before them, and the moves matter.",
    .source =
        "W. A. Shewhart, \"Economic control of quality of manufactured product\", 1931; k is learned by gradient "
        "descent from labelled data",
    .parameters = {{{"persist", 4, "points in a row that must lie outside"},
                    {"reference", 300, "points that mean and sigma are taken from, at most"},
                    {"minimum", 20, "points that mean and sigma need"},
                    {"requests", 8, "requests a point needs to count"},
                    {"floor", 0.05, "sigma is at least this share of the mean"}}},
    .recalls = true,
    .detect = detect,
};

namespace {

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_threshold, name, overrides); };
  const size_t persist = static_cast<size_t>(std::max(1.0, value("persist")));
  std::vector<Finding> findings;
  for (const Series& series : watched_series(view, static_cast<int64_t>(value("requests")))) {
    if (series.x.size() < persist) continue;
    const Reference before =
        reference_before(view, "threshold", series, persist, static_cast<size_t>(value("reference")), value("floor"));
    if (static_cast<double>(before.count) < value("minimum")) continue;
    double lowest = INFINITY, highest = -INFINITY, last = 0;
    for (size_t i = series.x.size() - persist; i < series.x.size(); ++i) {
      last = series.matters(before.mean, series.x[i]) ? before.deviation(series.x[i]) : 0;
      lowest = std::min(lowest, last);
      highest = std::max(highest, last);
    }
    Finding finding{
        .subject = series.name,
        .severity = Severity::warning,
        .statistic = std::max({lowest, -highest, 0.0}),
        .threshold = view.k,
        .message = fmt::format("{} is {:.4g}{}, {:.1f} sigma from its mean {:.4g} for {} windows (k = {:.3g})",
                               series.name, series.x.back(), series.unit, std::abs(last), before.mean, persist, view.k),
        .evidence = Json::object({{"mean", before.mean},
                                  {"sigma", before.sigma},
                                  {"k", view.k},
                                  {"value", series.x.back()},
                                  {"points", before.count},
                                  {"persist", persist}})};
    finding.explained_by.push_back({"latency", series.name});
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

}  // namespace slipway
