// From paired answers to a verdict.
#include "monitor/judgement.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slipway {

namespace {

using Verdict = Judgement::Verdict;

constexpr std::string_view kVerdicts[] = {"gathering", "worse", "equal", "unknown"};
constexpr double kSeverelySlower = 10;  // times; less is said, and blamed on nobody
constexpr double kLeastSeconds = 200e-6;
constexpr double kUnsteady = 0.01;  // of a version's answers, or of their variance, that differ when it is asked again
constexpr int64_t kFewLabels = 10;  // labelled examples that speak for a version, though they prove nothing
constexpr double kAgreeing = 0.05;  // versions that contradict each other in less of what they are sure of agree

double of(int64_t k, int64_t n) { return n == 0 ? 0 : static_cast<double>(k) / static_cast<double>(n); }

class Judge {
 public:
  Judge(const Trial& trial, const JudgementLimits& limits) : trial_(trial), limits_(limits) {
    live_ = trial.before;
    live_.merge(trial.after);
    everything_ = live_;
    everything_.merge(trial.holdout);
    const bool before = static_cast<double>(trial.before.rows) >= limits.rows;
    usual_ = before ? &trial.before : &live_;
    const Comparison& again = trial.again;
    unsteady_ = of(again.disagreed, again.classes_compared) > kUnsteady ||
                (again.squared.count() > 0 && again.squared.mean() > kUnsteady * again.numbers.variance());
  }

  Judgement judge() {
    Judgement j{.previous = trial_.previous, .final = trial_.over};
    labelled();
    invalid();
    slower();
    contradicted();
    less_sure();
    j.verdict = verdict();
    j.summary = summary(j.verdict);
    j.findings = std::move(findings_);
    return j;
  }

 private:
  bool enough(int64_t rows) const { return static_cast<double>(rows) >= limits_.rows; }

  void find(std::string subject, double statistic, double threshold, std::string message, Json evidence,
            Severity severity = Severity::critical) {
    evidence.set("compared_with_version", trial_.previous);
    findings_.push_back(
        {std::move(subject), severity, std::max(0.0, statistic), threshold, std::move(message), std::move(evidence)});
  }

  // Which version is right, where the truth is known.
  void labelled() {
    const Comparison& c = trial_.holdout;
    if (c.labelled < kFewLabels) return;
    if (c.truth.count() > 0) return labelled_numbers();
    measured_ = fmt::format("right on {:.1f} % of {} labelled examples, version {} on {:.1f} %",
                            100 * of(c.right_now, c.labelled), c.labelled, trial_.previous,
                            100 * of(c.right_before, c.labelled));
    spoken_for_ = trial_.holdout_done && c.only_now >= c.only_before &&
                  (c.error_rise.count() == 0 || c.error_rise.mean() <= limits_.fall);
    if (!enough(c.labelled)) return;
    const ConfidenceLimits loss =
        paired_share_limits(static_cast<double>(c.only_before), static_cast<double>(c.only_now),
                            static_cast<double>(c.labelled), limits_.z);
    find("accuracy", loss.lower, limits_.loss, fmt::format("the version is {}", measured_),
         Json::object({{"accuracy", of(c.right_now, c.labelled)},
                       {"accuracy_before", of(c.right_before, c.labelled)},
                       {"loss_lower", loss.lower},
                       {"loss_upper", loss.upper},
                       {"rows", c.labelled}}));
    more_accurate_ = loss.upper < 0;
    const ConfidenceLimits rise = mean_limits(c.error_rise, limits_.z);
    if (enough(c.error_rise.count())) {
      find("probabilities", rise.lower, limits_.fall,
           fmt::format("its probabilities fit {} labelled examples worse than those of version {}: Brier's score rose "
                       "by {:.2f} from {:.2f}",
                       c.labelled, trial_.previous, c.error_rise.mean(), c.error_before.mean()),
           Json::object({{"brier_rise", c.error_rise.mean()}, {"brier_before", c.error_before.mean()}}));
    }
    as_accurate_ = trial_.holdout_done && loss.lower <= limits_.loss && loss.upper <= tolerated() &&
                   (c.error_rise.count() == 0 || rise.lower <= limits_.fall);
  }

  void labelled_numbers() {
    const Comparison& c = trial_.holdout;
    const double spread = std::max(c.truth.variance(), 1e-30);
    const ConfidenceLimits rise = mean_limits(c.error_rise, limits_.z);
    const double before = 1 - c.error_before.mean() / spread;
    measured_ = fmt::format("of {} labelled examples it explains {:.1f} % of the variance, version {} {:.1f} %",
                            c.labelled, 100 * (before - c.error_rise.mean() / spread), trial_.previous, 100 * before);
    spoken_for_ = trial_.holdout_done && c.error_rise.mean() <= 0;
    if (!enough(c.labelled)) return;
    find("accuracy", rise.lower / spread, limits_.loss, measured_,
         Json::object({{"r2", before - c.error_rise.mean() / spread}, {"r2_before", before}, {"rows", c.labelled}}));
    more_accurate_ = rise.upper < 0;
    as_accurate_ = trial_.holdout_done && rise.lower / spread <= limits_.loss && rise.upper / spread <= tolerated();
  }

  // A loss that is not proved to be smaller is still no reason to doubt a version.
  double tolerated() const { return 5 * limits_.loss; }

  void invalid() {
    const Comparison& c = everything_;
    if (enough(c.rows)) {
      const double lower =
          share_limits(static_cast<double>(c.invalid_now), static_cast<double>(c.rows), limits_.z).lower -
          of(c.invalid_before, c.rows);
      find(
          "invalid answers", lower, limits_.invalid,
          fmt::format("{:.1f} % of its answers to {} inputs are NaN or infinite, where version {} answers with numbers",
                      100 * of(c.invalid_now, c.rows), c.rows, trial_.previous),
          Json::object({{"rows", c.rows}, {"invalid", c.invalid_now}, {"invalid_before", c.invalid_before}}));
    }
    const int64_t asked = c.requests - c.not_comparable;
    if (!enough(asked)) return;
    const double lower = share_limits(static_cast<double>(c.failed_now), static_cast<double>(asked), limits_.z).lower -
                         of(c.failed_before, asked);
    find("failures", lower, limits_.invalid,
         fmt::format("it failed {} of {} requests that version {} answered", c.failed_now, asked, trial_.previous),
         Json::object({{"requests", asked}, {"failed", c.failed_now}, {"failed_before", c.failed_before}}));
  }

  void slower() {
    const Quantiles& now = live_.took_now;
    const Quantiles& before = live_.took_before;
    if (!enough(now.count())) return;
    const double median = now.quantile(0.5), usual = std::max(before.quantile(0.5), 1e-6);
    const bool beyond = now.quantile(0.1) > before.quantile(0.9) && median - usual >= kLeastSeconds;
    const double ratio = median / usual;
    find("latency", beyond ? ratio : std::min(ratio, 1.0), limits_.slower,
         fmt::format("it takes {:.0f} us for inputs that version {} answers in {:.0f} us", median * 1e6,
                     trial_.previous, usual * 1e6),
         Json::object({{"p50_us", median * 1e6}, {"p50_us_before", usual * 1e6}, {"requests", now.count()}}),
         ratio > kSeverelySlower && !more_accurate_ ? Severity::critical : Severity::warning);
  }

  // Without weight where labelled examples tell that the version is as good, or where the version before differs from
  // itself.
  void find_difference(std::string subject, double statistic, double threshold, std::string message, Json evidence) {
    find(std::move(subject), as_accurate_ || unsteady_ ? 0 : statistic, threshold, std::move(message),
         std::move(evidence));
  }

  // Nor is a difference proof where the labelled examples, though few, speak for the version; in the answers of one
  // class, where some of them are of that class.
  double unless_spoken_for(double statistic) const { return spoken_for_ ? 0 : statistic; }

  // Of the answers that the previous version is sure of: contradicted for the most part, all of them or those of a
  // class.
  void contradicted() {
    const Comparison& c = *usual_;
    if (c.classes_compared == 0) return numbers_apart();
    if (!enough(c.all.sure)) return;
    const ConfidenceLimits all =
        share_limits(static_cast<double>(c.all.contradicted), static_cast<double>(c.all.sure), limits_.z);
    find_difference("answers", unless_spoken_for(all.lower), limits_.contradicted,
                    fmt::format("it contradicts {:.0f} % of {} answers that version {} is sure of",
                                100 * of(c.all.contradicted, c.all.sure), c.all.sure, trial_.previous),
                    Json::object({{"sure", c.all.sure}, {"contradicted", c.all.contradicted}, {"upper", all.upper}}));
    Contradictions worst, others;
    int64_t which = 0;
    double lower = 0;
    for (const auto& [category, sums] : c.by_class) {
      const double low =
          share_limits(static_cast<double>(sums.contradicted), static_cast<double>(sums.sure), limits_.z).lower;
      if (sums.contradicted * 2 <= sums.sure) {
        others.sure += sums.sure;
        others.contradicted += sums.contradicted;
      }
      if (low <= lower) continue;
      lower = low;
      which = category;
      worst = sums;
    }
    // Strange inputs make versions differ, too, but not in one class alone.
    const bool alone = of(others.contradicted, others.sure) < kAgreeing;
    const auto known = trial_.holdout.by_class.find(which);
    const bool few = known == trial_.holdout.by_class.end() || known->second.sure < kFewLabels / 2;
    find_difference("answers of a class",
                    !alone ? 0
                    : few  ? lower
                           : unless_spoken_for(lower),
                    0.5,
                    fmt::format("it contradicts {:.0f} % of {} answers of class {} that version {} is sure of",
                                100 * of(worst.contradicted, worst.sure), worst.sure, which, trial_.previous),
                    Json::object({{"class", which}, {"sure", worst.sure}, {"contradicted", worst.contradicted}}));
  }

  void numbers_apart() {
    const Comparison& c = *usual_;
    if (!enough(c.squared.count()) || c.numbers.variance() == 0) return;
    const ConfidenceLimits apart = mean_limits(c.squared, limits_.z);
    find_difference("answers", unless_spoken_for(apart.lower / c.numbers.variance()), 0.5,
                    fmt::format("its answers lie {:.2f} of their variance away from those of version {}, on {} inputs",
                                c.squared.mean() / c.numbers.variance(), trial_.previous, c.squared.count()),
                    Json::object({{"apart", c.squared.mean() / c.numbers.variance()}, {"rows", c.squared.count()}}));
    numbers_close_ = apart.upper / c.numbers.variance() < 0.25;
  }

  void less_sure() {
    const Comparison& c = *usual_;
    if (!enough(c.confidence_fall.count())) return;
    find_difference(
        "confidence", unless_spoken_for(mean_limits(c.confidence_fall, limits_.z).lower), limits_.fall,
        fmt::format("it is less sure than version {} of the same {} inputs: its confidence is lower by {:.2f}",
                    trial_.previous, c.confidence_fall.count(), c.confidence_fall.mean()),
        Json::object({{"fall", c.confidence_fall.mean()}, {"rows", c.confidence_fall.count()}}));
  }

  // It answers as the previous version does.
  bool alike() const {
    const Comparison& c = *usual_;
    if (unsteady_) return false;
    if (c.classes_compared == 0) return numbers_close_;
    if (!enough(c.all.sure) || c.all.sure * 2 < c.classes_compared) return false;
    const ConfidenceLimits all =
        share_limits(static_cast<double>(c.all.contradicted), static_cast<double>(c.all.sure), limits_.z);
    return all.upper < limits_.contradicted && of(c.all.contradicted, c.all.sure) < kAgreeing &&
           mean_limits(c.confidence_fall, limits_.z).upper < limits_.fall;
  }

  Verdict verdict() const {
    for (const Finding& f : findings_) {
      if (f.firing() && f.severity == Severity::critical) return Verdict::worse;
    }
    if (as_accurate_ || (trial_.holdout_done && alike())) return Verdict::equal;
    const bool asked = trial_.holdout_done && static_cast<double>(live_.rows) >= limits_.enough;
    return trial_.over || asked ? Verdict::unknown : Verdict::gathering;
  }

  bool nothing_comparable() const { return live_.requests > 0 && live_.not_comparable == live_.requests; }
  std::string other_inputs() const {
    return fmt::format(
        "it takes other inputs than version {}, or prepares them otherwise, so there is nothing to compare",
        trial_.previous);
  }

  std::string summary(Verdict verdict) const {
    const Comparison& c = *usual_;
    const std::string agreement =
        c.classes_compared > 0
            ? fmt::format("answers {:.1f} % of {} inputs with the class that version {} answers",
                          100 - 100 * of(c.disagreed, c.classes_compared), c.classes_compared, trial_.previous)
            : fmt::format("was compared with version {} on {} inputs", trial_.previous, c.rows);
    switch (verdict) {
      case Verdict::gathering:
        if (nothing_comparable()) return other_inputs();
        return fmt::format("it {}; more are awaited", agreement);
      case Verdict::worse: break;
      case Verdict::equal:
        return measured_.empty()
                   ? fmt::format("it {}; a loss of a few points would not show without labelled examples", agreement)
                   : fmt::format("it does as well as the one before: {}", measured_);
      case Verdict::unknown:
        if (nothing_comparable()) return other_inputs();
        if (unsteady_ && measured_.empty()) {
          return fmt::format(
              "version {} gives other answers when it is asked again, so that those of this one differ says "
              "nothing",
              trial_.previous);
        }
        return fmt::format("it {}; {}", agreement,
                           measured_.empty() ? "without labelled examples nothing tells which of the two is right "
                                               "(publish with --data)"
                                             : measured_);
    }
    for (const Finding& f : findings_) {
      if (f.firing() && f.severity == Severity::critical) return f.message;
    }
    return "";
  }

  const Trial& trial_;
  const JudgementLimits& limits_;
  Comparison live_;
  Comparison everything_;
  const Comparison* usual_;  // what clients usually send: before the switch, else since
  std::vector<Finding> findings_;
  std::string measured_;        // on labelled examples
  bool as_accurate_ = false;    // labelled examples tell that it is no worse
  bool spoken_for_ = false;     // on the examples there are, it is at least as good
  bool more_accurate_ = false;  // and that it is better
  bool numbers_close_ = false;
  bool unsteady_ = false;  // the version before does not repeat its answers
};

Json finding_json(const Finding& f) {
  return Json::object({{"subject", f.subject},
                       {"severity", severity_name(f.severity)},
                       {"statistic", f.statistic},
                       {"threshold", f.threshold},
                       {"message", f.message},
                       {"evidence", f.evidence}});
}

}  // namespace

std::string_view verdict_name(Verdict verdict) { return kVerdicts[static_cast<size_t>(verdict)]; }

Judgement judge(const Trial& trial, const JudgementLimits& limits) { return Judge(trial, limits).judge(); }

Json Judgement::to_json() const {
  Json list = Json::array();
  for (const Finding& f : findings) list.push(finding_json(f));
  return Json::object({{"verdict", verdict_name(verdict)},
                       {"previous", previous},
                       {"final", final},
                       {"summary", summary},
                       {"findings", std::move(list)}});
}

Result<Judgement> Judgement::from_json(const Json& json) {
  const auto name = std::ranges::find(kVerdicts, json["verdict"].as_string());
  if (name == std::end(kVerdicts)) return invalid("judgement: verdict " + json["verdict"].dump() + " is not known");
  Judgement j{.verdict = static_cast<Verdict>(name - std::begin(kVerdicts)),
              .previous = json["previous"].as_int(),
              .final = json["final"].as_bool(),
              .summary = json["summary"].as_string()};
  for (const Json& f : json["findings"].items()) {
    j.findings.push_back({f["subject"].as_string(), severity_of(f["severity"].as_string()), f["statistic"].as_double(),
                          f["threshold"].as_double(), f["message"].as_string(), f["evidence"]});
  }
  return j;
}

}  // namespace slipway
