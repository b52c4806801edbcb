// Do the inputs still look like training data? Every feature, and brightness and contrast of whole rows.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "sketch/significance.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(input_drift) = {
    .name = "input_drift",
    .doc =
        "max over features of PSI = sum (q - p) ln(q / p) between the shares of the baseline p and of the window q "
        "in the baseline's bins, among the features whose difference is significant by a G-test after Holm's "
        "correction.",
    .source = "PSI: N. Siddiqi, \"Credit risk scorecards\", 2006; correction: S. Holm, 1979",
    .parameters = {{{"psi", 0.25, "a shift is large from here on"},
                    {"alpha", 1e-5, "chance that any feature of an undrifted window is called significant"},
                    {"rows", 60, "rows that are no repeats a window needs"},
                    {"widespread", 0.2, "share of drifted features that makes the alarm critical"}}},
    .detect = detect,
};

namespace {

struct Drift {
  const FeatureBaseline* feature;
  double psi;
  double p;
  double mean;  // in the window
};

Drift compare(const FeatureBaseline& feature, std::span<const int64_t> counts, double mean) {
  return {&feature, stability_index(feature.histogram.counts(), counts),
          homogeneity(feature.histogram.counts(), counts).p, mean};
}

// One entry per feature that can be compared.
std::vector<Drift> drifts_of(const View& view) {
  const Baseline& b = *view.baseline;
  const Window& w = view.recent;
  std::vector<Drift> drifts;
  if (w.row_mean.count() > 0) {
    drifts.push_back(compare(b.row_mean, w.row_mean_histogram.counts(), w.row_mean.mean()));
    if (b.width > 1) {
      drifts.push_back(compare(b.row_deviation, w.row_deviation_histogram.counts(), w.row_deviation.mean()));
    }
  }
  if (!w.features.defined() || w.features.rows() == 0) return drifts;
  for (size_t f = 0; f < b.features.size(); ++f) {
    int64_t i = static_cast<int64_t>(f);
    drifts.push_back(compare(b.features[f], w.features.counts(i), w.features.mean(i)));
  }
  return drifts;
}

Json feature_evidence(const Drift& drift) {
  return Json::object({{"feature", drift.feature->name},
                       {"index", drift.feature->index},
                       {"psi", drift.psi},
                       {"p", drift.p},
                       {"mean", drift.mean},
                       {"baseline_mean", drift.feature->moments.mean()},
                       {"baseline_deviation", drift.feature->moments.deviation()}});
}

std::string sentence(const std::vector<Drift>& drifted, size_t compared, int64_t rows) {
  if (drifted.empty()) return fmt::format("none of {} features of {} rows has drifted", compared, rows);
  std::string text = fmt::format(
      "{} of {} features of the last {} rows no longer look like training data; most:", drifted.size(), compared, rows);
  for (size_t i = 0; i < std::min<size_t>(3, drifted.size()); ++i) {
    text += fmt::format("{} {} (PSI {:.2f}, mean {:.3g}, was {:.3g})", i == 0 ? "" : ",", drifted[i].feature->name,
                        drifted[i].psi, drifted[i].mean, drifted[i].feature->moments.mean());
  }
  return text;
}

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_input_drift, name, overrides); };
  if (view.baseline == nullptr || static_cast<double>(view.recent.independent_rows) < value("rows")) return {};
  std::vector<Drift> drifts = drifts_of(view);
  if (drifts.empty()) return {};
  std::vector<double> p;
  for (const Drift& d : drifts) p.push_back(d.p);
  const std::vector<bool> significant = holm(p, value("alpha"));
  std::vector<Drift> drifted;
  double largest = 0;
  for (size_t i = 0; i < drifts.size(); ++i) {
    if (!significant[i]) continue;
    largest = std::max(largest, drifts[i].psi);
    if (drifts[i].psi > value("psi")) drifted.push_back(drifts[i]);
  }
  std::stable_sort(drifted.begin(), drifted.end(), [](const Drift& a, const Drift& b) { return a.psi > b.psi; });
  const double share = static_cast<double>(drifted.size()) / static_cast<double>(drifts.size());
  Json top = Json::array();
  for (size_t i = 0; i < std::min<size_t>(10, drifted.size()); ++i) top.push(feature_evidence(drifted[i]));
  return {{.subject = "inputs",
           .severity = share > value("widespread") ? Severity::critical : Severity::warning,
           .statistic = largest,
           .threshold = value("psi"),
           .message = sentence(drifted, drifts.size(), view.recent.rows),
           .evidence = Json::object({{"features", drifts.size()},
                                     {"drifted", drifted.size()},
                                     {"share", share},
                                     {"rows", view.recent.rows},
                                     {"rows_sampled", view.recent.features.rows()},
                                     {"independent_rows", view.recent.independent_rows},
                                     {"top", std::move(top)}})}};
}

}  // namespace

}  // namespace slipway
