// Do requests still come, and about as many as usual? Clients do as they like, so that more or fewer of them is news
// and no fault; that none come at all may be one.
#include <algorithm>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "monitor/usual.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(traffic) = {
    .name = "traffic",
    .doc =
        "the request rate of the last minute against the median of the points before it, the larger over the smaller; "
        "and, for the version that serves, the seconds without a request over max(silence_s, gaps * the longest usual "
        "silence).",
    .source = "none: a rule of thumb",
    .parameters = {{{"ratio", 10, "a rate so many times as high or as low is worth a word"},
                    {"points", 24, "points before the last minute that are needed to know what is usual"},
                    {"silence_s", 60, "seconds without a request that are always tolerated"},
                    {"gaps", 3, "how many times the longest usual silence is too much"},
                    {"forget_s", 3600, "seconds after which silence is usual"}}},
    .hears_silence = true,
    .detect = detect,
};

namespace {

constexpr int64_t kMinuteUs = 60'000'000;

struct Rates {
  std::vector<double> before;  // one per point before the last minute
  double longest_gap = 0;      // of them, in seconds
  int64_t requests = 0;        // in the last minute
  double seconds = 0;
};

Rates rates_of(const View& view) {
  Rates rates;
  for (const Point& p : view.points) {
    if (p.time_us > view.last_seen_us - kMinuteUs) {
      rates.requests += p.requests;
      rates.seconds += p.seconds - (p.longest_gap * 1e6 > kMinuteUs ? p.longest_gap : 0);  // silence is judged apart
    } else {
      rates.before.push_back(p.rate);
      rates.longest_gap = std::max(rates.longest_gap, p.longest_gap);
    }
  }
  return rates;
}

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_traffic, name, overrides); };
  const Rates rates = rates_of(view);
  if (static_cast<double>(rates.before.size()) < value("points")) return {};
  const double usual = std::max(1e-6, quantile_of(rates.before, 0.5));
  std::vector<Finding> findings;
  if (rates.seconds > 0) {
    const double now = std::max(1e-6, static_cast<double>(rates.requests) / rates.seconds);
    findings.push_back(
        {.subject = "request rate",
         .severity = Severity::info,
         .statistic = std::max(now / usual, usual / now),
         .threshold = value("ratio"),
         .message = fmt::format("{:.3g} requests a second in the last minute, usually {:.3g}", now, usual),
         .evidence = Json::object({{"rate", now}, {"usual_rate", usual}})});
  }
  if (!view.serving) return findings;
  const double silent = static_cast<double>(view.now_us - view.last_seen_us) * 1e-6;
  const double tolerated = std::max(value("silence_s"), value("gaps") * rates.longest_gap);
  findings.push_back(
      {.subject = "silence",
       .severity = Severity::warning,
       .statistic = silent < value("forget_s") ? silent : 0,
       .threshold = tolerated,
       .message = fmt::format("no request for {:.0f} s; usually {:.3g} a second and silent for {:.3g} s at most",
                              silent, usual, rates.longest_gap),
       .evidence = Json::object({{"silent_s", silent}, {"usual_rate", usual}, {"longest_gap_s", rates.longest_gap}})});
  return findings;
}

}  // namespace

}  // namespace slipway
