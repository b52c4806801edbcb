// Has the model become unsure? A fall of its mean confidence under the baseline's.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "sketch/significance.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(confidence) = {
    .name = "confidence",
    .doc =
        "(baseline mean - window mean) of the confidence > max(drop, k sigma / sqrt(n)), where a Kolmogorov-Smirnov "
        "test calls the distributions different.",
    .source =
        "average confidence as an estimate of accuracy: S. Garg et al., \"Leveraging unlabeled data to predict "
        "out-of-distribution performance\", ICLR 2022; test: Numerical Recipes 14.3",
    .parameters = {{{"drop", 0.1, "a fall of the mean is large from here on"},
                    {"k", 4, "standard errors the fall must exceed"},
                    {"alpha", 1e-5, "chance that an unchanged window is called different"},
                    {"rows", 60, "rows that are no repeats a window needs"},
                    {"severe", 0.25, "a fall of the mean that is critical"}}},
    .detect = detect,
};

namespace {

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_confidence, name, overrides); };
  if (view.baseline == nullptr || view.baseline->confidence.count() < 2) return {};
  const double rows = static_cast<double>(view.recent.confidence.count());
  if (rows < value("rows")) return {};
  const Moments& before = view.baseline->confidence;
  const double fall = before.mean() - view.recent.confidence.mean();
  const double sigma = std::max(before.deviation(), view.recent.confidence.deviation());
  const double gap =
      ks_statistic(view.baseline->confidence_histogram.counts(), view.recent.confidence_histogram.counts());
  const double p = ks_survival(gap, static_cast<double>(before.count()), rows);
  return {{.subject = "confidence",
           .severity = fall > value("severe") ? Severity::critical : Severity::warning,
           .statistic = p <= value("alpha") ? std::max(0.0, fall) : 0,
           .threshold = std::max(value("drop"), value("k") * sigma / std::sqrt(rows)),
           .message = fmt::format("mean confidence of the last {} answers is {:.3f}, was {:.3f} in training",
                                  view.recent.confidence.count(), view.recent.confidence.mean(), before.mean()),
           .evidence = Json::object({{"mean", view.recent.confidence.mean()},
                                     {"baseline_mean", before.mean()},
                                     {"fall", fall},
                                     {"ks", gap},
                                     {"p", p},
                                     {"rows", view.recent.confidence.count()}}),
           .explained_by = {{"input_drift", "inputs"}}}};
}

}  // namespace

}  // namespace slipway
