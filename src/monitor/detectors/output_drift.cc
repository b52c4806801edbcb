// Are the answers still spread over the classes (or values) as they were on training data?
#include <algorithm>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "sketch/significance.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(output_drift) = {
    .name = "output_drift",
    .doc =
        "PSI = sum (q - p) ln(q / p) between the class shares of the baseline p and of the window q, where a G-test "
        "calls the difference significant; for a single output, of its values.",
    .source = "PSI: N. Siddiqi, \"Credit risk scorecards\", 2006; G-test: R. Sokal, F. Rohlf, \"Biometry\"",
    .parameters = {{{"psi", 0.25, "a shift is large from here on"},
                    {"alpha", 1e-5, "chance that an undrifted window is called significant"},
                    {"rows", 60, "rows that are no repeats a window needs"},
                    {"collapse", 0.8, "one class with this share of the answers is critical"}}},
    .detect = detect,
};

namespace {

std::vector<int64_t> class_counts(const Window& window, size_t classes) {
  std::vector<int64_t> counts(classes, 0);
  for (auto [category, n] : window.classes.counts()) {
    if (category >= 0 && static_cast<size_t>(category) < classes) counts[static_cast<size_t>(category)] += n;
  }
  return counts;
}

double share_of(int64_t n, int64_t total) {
  return total == 0 ? 0 : static_cast<double>(n) / static_cast<double>(total);
}

Finding judge(std::span<const int64_t> expected, std::span<const int64_t> observed, double alpha, double psi) {
  Test test = homogeneity(expected, observed);
  Finding finding;
  finding.statistic = test.p <= alpha ? stability_index(expected, observed) : 0;
  finding.threshold = psi;
  finding.evidence = Json::object({{"p", test.p}, {"g", test.statistic}});
  return finding;
}

Finding judge_classes(const View& view, const Parameters& overrides) {
  const Baseline& b = *view.baseline;
  const std::vector<int64_t> observed = class_counts(view.recent, b.classes.size());
  Finding finding = judge(b.classes, observed, parameter(detector_output_drift, "alpha", overrides),
                          parameter(detector_output_drift, "psi", overrides));
  int64_t trained = 0, answered = 0;
  for (int64_t n : b.classes) trained += n;
  for (int64_t n : observed) answered += n;
  const size_t top = static_cast<size_t>(std::max_element(observed.begin(), observed.end()) - observed.begin());
  const double share = share_of(observed[top], answered);
  const double before = share_of(b.classes[top], trained);
  Json shares = Json::array();
  for (size_t c = 0; c < std::min<size_t>(observed.size(), 20); ++c) {
    shares.push(Json::object({{"class", b.class_name(static_cast<int64_t>(c))},
                              {"share", share_of(observed[c], answered)},
                              {"baseline_share", share_of(b.classes[c], trained)}}));
  }
  const bool collapsed = share >= parameter(detector_output_drift, "collapse", overrides) && before < share / 2;
  finding.subject = "classes";
  finding.severity = collapsed || finding.statistic > 1 ? Severity::critical : Severity::warning;
  finding.message = fmt::format(
      "answers are spread over the classes otherwise than in training (PSI {:.2f}): {} is {:.0f} % "
      "of the last {} answers, was {:.0f} %",
      finding.statistic, b.class_name(static_cast<int64_t>(top)), share * 100, answered, before * 100);
  finding.evidence.set("classes", std::move(shares)).set("rows", answered).set("collapsed", collapsed);
  return finding;
}

// Other inputs are answered otherwise, and that they are others shows later than the answers do: so long as 200 more
// rows take, but no longer than 30 s.
int64_t confirmation_us(const Window& w) {
  const double rate = static_cast<double>(w.rows) / std::max(1.0, static_cast<double>(w.end_us - w.start_us));
  return static_cast<int64_t>(std::min(30e6, 200 / rate));
}

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_output_drift, name, overrides); };
  if (view.baseline == nullptr || static_cast<double>(view.recent.independent_rows) < value("rows")) return {};
  std::vector<Finding> findings;
  const bool classes = std::ranges::any_of(view.baseline->classes, [](int64_t n) { return n > 0; });
  if (classes && view.recent.classes.total() > 0) findings.push_back(judge_classes(view, overrides));
  if (view.baseline->outputs == 1 && view.recent.value.count() > 0) {
    const FeatureBaseline& expected = view.baseline->value;
    Finding finding =
        judge(expected.histogram.counts(), view.recent.value_histogram.counts(), value("alpha"), value("psi"));
    finding.subject = "output";
    finding.message =
        fmt::format("the output is spread otherwise than in training (PSI {:.2f}): mean {:.4g}, was {:.4g}",
                    finding.statistic, view.recent.value.mean(), expected.moments.mean());
    finding.evidence.set("mean", view.recent.value.mean()).set("baseline_mean", expected.moments.mean());
    findings.push_back(std::move(finding));
  }
  for (Finding& finding : findings) {
    finding.explained_by = {{"input_drift", "inputs"}};
    finding.confirm_us = finding.evidence["collapsed"].as_bool() ? 0 : confirmation_us(view.recent);
  }
  return findings;
}

}  // namespace

}  // namespace slipway
