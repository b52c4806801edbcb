// Figures against limits.
#include "optimize/verdict.h"

#include <cmath>

#include <fmt/format.h>

#include "optimize/latency.h"

namespace slipway {

namespace {

// Answers so near to the original's are as good, however near to nothing an error was.
constexpr double kAsGood = 0.999;

// `worse`: how far beyond what is right; limits: the two of it.
void weigh(double worse, const double (&limits)[2], const std::string& what, Verdict& verdict) {
  if (worse <= limits[0] && !std::isnan(worse)) return;
  (worse <= limits[1] ? verdict.warnings : verdict.refusals).push_back(what);
}

void weigh_score(const Score& before, const Score& after, const std::optional<Likeness>& likeness, Verdict& verdict,
                 const VerdictLimits& limits) {
  const std::string what = fmt::format("{} went from {:.4g} to {:.4g}", before.name, before.value, after.value);
  if (before.greater_is_better) {
    // Shares: a loss of exactly the limit is within it, whatever its last bit.
    return weigh(before.value - after.value - 1e-9, limits.accuracy_loss, what, verdict);
  }
  if (likeness && likeness->explained && *likeness->explained > kAsGood) return;
  weigh(after.value / std::max(before.value, 1e-12) - 1, limits.error_growth, what, verdict);
}

void weigh_likeness(const Likeness& likeness, bool made_up, Verdict& verdict, const VerdictLimits& limits) {
  const double cosine[2] = {1 - limits.cosine[0], 1 - limits.cosine[1]};
  weigh(1 - likeness.cosine, cosine, fmt::format("answers have a cosine of {:.4g} to the original's", likeness.cosine),
        verdict);
  if (made_up) return;
  if (likeness.agreement && *likeness.agreement < limits.agreement) {
    verdict.warnings.push_back(
        fmt::format("at {:.1f} % of the places the largest answer is the original's", 100 * *likeness.agreement));
  }
  if (likeness.explained && *likeness.explained < limits.explained) {
    verdict.warnings.push_back(
        fmt::format("the answers keep {:.1f} % of what tells rows apart", 100 * std::max(0.0, *likeness.explained)));
  }
}

std::string text_of_us(double us) {
  return us < 1000 ? fmt::format("{:.3g} us", us) : fmt::format("{:.3g} ms", us / 1000);
}

}  // namespace

Verdict judge(const OptimizeReport& report, const VerdictLimits& limits) {
  Verdict verdict;
  const Measurement& before = report.steps.front();
  const Measurement& after = report.steps.back();
  if (before.score && after.score) {
    weigh_score(*before.score, *after.score, after.likeness, verdict, limits);
  } else if (after.likeness) {
    weigh_likeness(*after.likeness, report.made_up, verdict, limits);
  }
  if (after.bytes > before.bytes) {
    verdict.warnings.push_back(fmt::format("constants grew from {} to {} bytes", before.bytes, after.bytes));
  }
  if (clearly_slower(report.latency)) {
    verdict.slower = fmt::format("a run takes {}; it took {}", text_of_us(report.latency.after_us),
                                 text_of_us(report.latency.before_us));
  }
  return verdict;
}

}  // namespace slipway
