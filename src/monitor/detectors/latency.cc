// Has this version become slower than the one before it, or than it used to be, and in which stage? Faster is no
// matter.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "monitor/usual.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(latency) = {
    .name = "latency",
    .doc =
        "median now / usual median, where the median now also exceeds the 90th percentile of the medians before and "
        "the difference is `least_us` or more, for `confirm_s` without a break; for the whole request, the queue and "
        "the engine.",
    .source = "quantiles by DDSketch (C. Masson et al., VLDB 2019)",
    .parameters = {{{"ratio", 2, "a slowdown is large from here on"},
                    {"least_us", 1000, "smaller differences of the medians are no matter, in microseconds"},
                    {"requests", 50, "requests a window needs, now and before"},
                    {"confirm_s", 10,
                     "seconds it must last; against the version before a third of that, none when severe"},
                    {"severe", 10, "a slowdown that is critical"}}},
    .recalls = true,
    .detect = detect,
};

namespace {

struct Stage {
  const char* name;
  const char* what;
  Quantiles Window::*seconds;
  double Point::*median;
};
constexpr Stage kStages[] = {{"latency", "a request", &Window::total, &Point::latency},
                             {"queue", "waiting in the queue", &Window::queue, &Point::queue},
                             {"compute", "the engine", &Window::compute, &Point::compute}};

// In seconds.
struct Before {
  double median = 0;  // of the medians of healthy stretches
  double high = 0;    // their 90th percentile: how far they go by themselves
  int64_t version = 0;
};

std::optional<Before> before_of(const View& view, const Usual& usual, const Stage& stage, double least_requests) {
  if (const Json* open = view.evidence("latency", stage.name)) {
    return Before{(*open)["p50_us_before"].as_double() * 1e-6, (*open)["high_us_before"].as_double() * 1e-6,
                  (*open)["compared_with_version"].as_int()};
  }
  if (static_cast<double>(usual.requests()) < least_requests) return std::nullopt;
  std::vector<double> medians;
  for (const Point& p : usual.points) medians.push_back(p.*stage.median);
  return Before{quantile_of(medians, 0.5), quantile_of(medians, 0.9),
                usual.of_previous ? view.previous_version : view.version};
}

// A new version has a reason to be slower, and one that is far slower needs no second look.
int64_t confirmation_us(double seconds, bool other_version, bool severe) {
  if (!other_version) return static_cast<int64_t>(seconds * 1e6);
  return severe ? 0 : static_cast<int64_t>(seconds / 3 * 1e6);
}

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_latency, name, overrides); };
  const Usual usual = usual_of(view);
  std::vector<Finding> findings;
  for (const Stage& stage : kStages) {
    const Quantiles& now = view.recent.*stage.seconds;
    const std::optional<Before> before = before_of(view, usual, stage, value("requests"));
    if (!before || static_cast<double>(now.count()) < value("requests")) continue;
    const double median = now.quantile(0.5);
    const bool beyond = median > before->high && (median - before->median) * 1e6 >= value("least_us");
    const double ratio = median / std::max(before->median, 1e-6);
    const bool other = before->version != view.version;
    Finding finding{
        .subject = stage.name,
        .severity = ratio > value("severe") ? Severity::critical : Severity::warning,
        .statistic = beyond ? ratio : std::min(ratio, 1.0),
        .threshold = value("ratio"),
        .message = fmt::format("{} takes {:.0f} us, {:.1f} times the {:.0f} us {}", stage.what, median * 1e6, ratio,
                               before->median * 1e6, other ? fmt::format("of version {}", before->version) : "before"),
        .evidence = Json::object({{"p50_us", median * 1e6},
                                  {"p90_us", now.quantile(0.9) * 1e6},
                                  {"p50_us_before", before->median * 1e6},
                                  {"high_us_before", before->high * 1e6},
                                  {"compared_with_version", before->version},
                                  {"requests", now.count()}}),
        .confirm_us = confirmation_us(value("confirm_s"), other, ratio > value("severe"))};
    // A slow stage makes the whole request slow.
    if (stage.seconds == &Window::total) finding.explained_by = {{"latency", "queue"}, {"latency", "compute"}};
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

}  // namespace slipway
