// The exponentially weighted moving average chart: sees small lasting shifts that single points do not show.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "monitor/series.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(ewma) = {
    .name = "ewma",
    .doc =
        "|z_n - mean| / (sigma sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^(2n)))) > L with "
        "z_n = lambda x_n + (1 - lambda) z_(n-1) over the last points, z_0 = mean of those before, where the move "
        "matters.",
    .source =
        "S. W. Roberts, \"Control chart tests based on geometric moving averages\", Technometrics 1959; limits: "
        "D. C. Montgomery, \"Introduction to statistical quality control\"",
    .parameters = {{{"lambda", 0.2, "weight of the newest point"},
                    {"L", 5, "limit in sigma of the average: 3 in factories; 5 here, with a point every few seconds"},
                    {"points", 12, "newest points that are averaged"},
                    {"minimum", 30, "points that mean and sigma need"},
                    {"requests", 8, "requests a point needs to count"},
                    {"floor", 0.05, "sigma is at least this share of the mean"}}},
    .recalls = true,
    .detect = detect,
};

namespace {

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_ewma, name, overrides); };
  const double lambda = std::clamp(value("lambda"), 0.01, 1.0);
  const size_t newest = static_cast<size_t>(std::max(1.0, value("points")));
  std::vector<Finding> findings;
  for (const Series& series : watched_series(view, static_cast<int64_t>(value("requests")))) {
    if (series.x.size() < newest) continue;
    const Reference before =
        reference_before(view, "ewma", series, newest, std::numeric_limits<size_t>::max(), value("floor"));
    if (static_cast<double>(before.count) < value("minimum")) continue;
    double z = before.mean;
    for (size_t i = series.x.size() - newest; i < series.x.size(); ++i) z = lambda * series.x[i] + (1 - lambda) * z;
    const double spread =
        before.sigma * std::sqrt(lambda / (2 - lambda) * (1 - std::pow(1 - lambda, 2.0 * static_cast<double>(newest))));
    const double moved = std::abs(z - before.mean) / spread;
    Finding finding{.subject = series.name,
                    .severity = Severity::warning,
                    .statistic = series.matters(before.mean, z) ? moved : 0,
                    .threshold = value("L"),
                    .message = fmt::format(
                        "{} has moved to {:.4g}{} on average, from {:.4g} ({:.1f} sigma of the average, limit {})",
                        series.name, z, series.unit, before.mean, moved, value("L")),
                    .evidence = Json::object({{"mean", before.mean},
                                              {"sigma", before.sigma},
                                              {"average", z},
                                              {"lambda", lambda},
                                              {"points", before.count},
                                              {"averaged", newest}})};
    for (const char* detector : {"latency", "threshold"}) finding.explained_by.push_back({detector, series.name});
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

}  // namespace slipway
