// Is this version slower than the one before it, or than itself a while ago, and in which stage?
#include <algorithm>

#include <fmt/format.h>

#include "monitor/detector.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(latency) = {
    .name = "latency",
    .doc =
        "median now / median before, where the median now also exceeds the 90th percentile before and the difference "
        "is `least_us` or more; for the whole request, the queue and the engine.",
    .source = "quantiles by DDSketch (C. Masson et al., VLDB 2019)",
    .parameters = {{{"ratio", 2, "a slowdown is large from here on"},
                    {"least_us", 200, "smaller differences of the medians are no matter, in microseconds"},
                    {"requests", 50, "requests a window needs, now and before"},
                    {"severe", 10, "a slowdown that is critical"}}},
    .detect = detect,
};

namespace {

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_latency, name, overrides); };
  struct Stage {
    const char* name;
    const char* what;
    Quantiles Window::*seconds;
  };
  static constexpr Stage kStages[] = {{"latency", "a request", &Window::total},
                                      {"queue", "waiting in the queue", &Window::queue},
                                      {"compute", "the engine", &Window::compute}};
  const bool other_version = static_cast<double>(view.previous.total.count()) >= value("requests");
  const Window& reference = other_version ? view.previous : view.older;
  std::vector<Finding> findings;
  for (const Stage& stage : kStages) {
    const Quantiles& now = view.recent.*stage.seconds;
    const Quantiles& before = reference.*stage.seconds;
    if (static_cast<double>(std::min(now.count(), before.count())) < value("requests")) continue;
    const double median = now.quantile(0.5);
    const double usual = before.quantile(0.5);
    const bool beyond = median > before.quantile(0.9) && (median - usual) * 1e6 >= value("least_us");
    const double ratio = median / std::max(usual, 1e-6);
    findings.push_back(
        {.subject = stage.name,
         .severity = ratio > value("severe") ? Severity::critical : Severity::warning,
         .statistic = beyond ? ratio : std::min(ratio, 1.0),
         .threshold = value("ratio"),
         .message =
             fmt::format("{} takes {:.0f} us, {:.1f} times the {:.0f} us {}", stage.what, median * 1e6, ratio,
                         usual * 1e6, other_version ? fmt::format("of version {}", view.previous_version) : "before"),
         .evidence = Json::object({{"p50_us", median * 1e6},
                                   {"p90_us", now.quantile(0.9) * 1e6},
                                   {"p50_us_before", usual * 1e6},
                                   {"p90_us_before", before.quantile(0.9) * 1e6},
                                   {"compared_with_version", other_version ? view.previous_version : view.version},
                                   {"requests", now.count()}})});
  }
  return findings;
}

}  // namespace

}  // namespace slipway
