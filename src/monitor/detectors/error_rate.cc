// Do requests fail, answers hold NaN, or is load turned away?
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "monitor/detector.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(error_rate) = {
    .name = "error_rate",
    .doc = "Wilson's lower bound of the failing share > max(rate, ratio * the share before).",
    .source = "E. B. Wilson, \"Probable inference, the law of succession, and statistical inference\", 1927",
    .parameters = {{{"rate", 0.01, "a failing share that is always tolerated"},
                    {"ratio", 3, "how many times the share before is too much"},
                    {"z", 3, "deviations of the lower bound: 3 is one in 740"},
                    {"requests", 20, "requests a window needs"},
                    {"severe", 0.2, "a failing share that is critical"}}},
    .detect = detect,
};

namespace {

double wilson_lower(double failing, double n, double z) {
  if (n <= 0) return 0;
  double p = failing / n;
  double center = p + z * z / (2 * n);
  double spread = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return std::max(0.0, (center - spread) / (1 + z * z / n));
}

struct Share {
  int64_t failing;
  int64_t of;
  double value() const { return of == 0 ? 0 : static_cast<double>(failing) / static_cast<double>(of); }
};

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_error_rate, name, overrides); };
  struct Subject {
    const char* name;
    const char* what;
    Share (*share)(const Window&);
    Severity most;
  };
  static constexpr Subject kSubjects[] = {{"faults", "requests fail inside the server",
                                           [](const Window& w) {
                                             return Share{w.faults(), w.requests};
                                           },
                                           Severity::critical},
                                          {"invalid outputs", "answers hold NaN or infinity though their inputs do not",
                                           [](const Window& w) {
                                             return Share{w.invalid_outputs, w.rows};
                                           },
                                           Severity::critical},
                                          {"rejections", "requests are turned away because the queue is full",
                                           [](const Window& w) {
                                             return Share{w.rejections(), w.requests};
                                           },
                                           Severity::warning},
                                          {"refusals", "requests are wrong (shape, type, JSON)",
                                           [](const Window& w) {
                                             return Share{w.refusals(), w.requests};
                                           },
                                           Severity::info},
                                          {"invalid inputs", "inputs hold NaN or infinity",
                                           [](const Window& w) {
                                             return Share{w.invalid_inputs, w.rows};
                                           },
                                           Severity::warning}};
  std::vector<Finding> findings;
  const Window& before = view.previous.requests > 0 ? view.previous : view.older;
  for (const Subject& subject : kSubjects) {
    const Share now = subject.share(view.recent);
    if (static_cast<double>(now.of) < value("requests")) continue;
    const double usual = subject.share(before).value();
    const bool severe = now.value() > value("severe");
    findings.push_back(
        {.subject = subject.name,
         .severity = severe ? subject.most : std::min(subject.most, Severity::warning),
         .statistic = wilson_lower(static_cast<double>(now.failing), static_cast<double>(now.of), value("z")),
         .threshold = std::min(0.9, std::max(value("rate"), value("ratio") * usual)),
         .message = fmt::format("{:.1f} % of the last {}: {} (before: {:.1f} %)", now.value() * 100, now.of,
                                subject.what, usual * 100),
         .evidence = Json::object(
             {{"failing", now.failing}, {"of", now.of}, {"share", now.value()}, {"share_before", usual}})});
  }
  return findings;
}

}  // namespace

}  // namespace slipway
