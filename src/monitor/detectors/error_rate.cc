// Do requests fail, answers hold NaN, or is load turned away?
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "monitor/usual.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(error_rate) = {
    .name = "error_rate",
    .doc = "Wilson's lower bound of the failing share > min(severe, max(rate, ratio * the share before)).",
    .source = "E. B. Wilson, \"Probable inference, the law of succession, and statistical inference\", 1927",
    .parameters = {{{"rate", 0.01, "a failing share that is always tolerated"},
                    {"wrong", 0.05, "the same of requests that are wrong, which clients send and the server refuses"},
                    {"ratio", 3, "how many times the share before is too much"},
                    {"z", 3, "deviations of the lower bound: 3 is one in 740"},
                    {"requests", 20, "requests a window needs"},
                    {"severe", 0.2, "a failing share that is critical, and never usual"}}},
    .recalls = true,
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

struct Subject {
  const char* name;
  const char* what;
  Failure failure;
  Severity most;
};
constexpr Subject kSubjects[] = {
    {"faults", "requests fail inside the server", Failure::fault, Severity::critical},
    {"invalid outputs", "answers hold NaN or infinity though their inputs do not", Failure::invalid_output,
     Severity::critical},
    {"rejections", "requests are turned away because the queue is full", Failure::rejection, Severity::warning},
    {"refusals", "requests are wrong (shape, type, JSON)", Failure::refusal, Severity::info},
    {"invalid inputs", "inputs hold NaN or infinity", Failure::invalid_input, Severity::warning}};

// The share that is no trouble: of healthy points, or what an open alarm was compared with. Rows that training left out
// for a NaN were usual then.
double usual_share(const View& view, const Usual& usual, const Subject& subject) {
  if (const Json* open = view.evidence("error_rate", subject.name)) return (*open)["share_before"].as_double();
  const double before = usual.share(subject.failure).value();
  if (subject.failure != Failure::invalid_input || view.baseline == nullptr) return before;
  const Share trained{view.baseline->left_out, view.baseline->left_out + view.baseline->rows};
  return std::max(before, trained.value());
}

// [{"feature", "index", "rows"}], the worst first.
Json invalid_features(const View& view) {
  Json top = Json::array();
  for (auto [index, rows] : view.recent.invalid_features.top(10)) {
    const std::string name =
        view.baseline != nullptr ? view.baseline->feature_name(index) : fmt::format("x[{}]", index);
    top.push(Json::object({{"feature", name}, {"index", index}, {"rows", rows}}));
  }
  return top;
}

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_error_rate, name, overrides); };
  std::vector<Finding> findings;
  const Usual usual = usual_of(view);
  for (const Subject& subject : kSubjects) {
    const Share now = view.recent.share(subject.failure);
    if (static_cast<double>(now.of) < value("requests")) continue;
    const double before = usual_share(view, usual, subject);
    const double tolerated = value(subject.failure == Failure::refusal ? "wrong" : "rate");
    const bool severe = now.value() > value("severe");
    Finding finding{
        .subject = subject.name,
        .severity = severe ? subject.most : std::min(subject.most, Severity::warning),
        .statistic = wilson_lower(static_cast<double>(now.failing), static_cast<double>(now.of), value("z")),
        .threshold = std::min(value("severe"), std::max(tolerated, value("ratio") * before)),
        .message = fmt::format("{:.1f} % of the last {}: {} (before: {:.1f} %)", now.value() * 100, now.of,
                               subject.what, before * 100),
        .evidence =
            Json::object({{"failing", now.failing}, {"of", now.of}, {"share", now.value()}, {"share_before", before}})};
    if (subject.failure == Failure::invalid_input && now.failing > 0) {
      Json top = invalid_features(view);
      finding.message += fmt::format("; most: {}", top.items()[0]["feature"].as_string());
      finding.evidence.set("top", std::move(top));
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

}  // namespace slipway
