// Facts from windows.
#include "monitor/facts.h"

#include <algorithm>
#include <cmath>

namespace slipway {

namespace {

double effect(const Moments& before, const Moments& now) {
  const double spread = std::max({before.deviation(), 0.02 * std::abs(before.mean()), 1e-9});
  return std::abs(now.mean() - before.mean()) / spread;
}

Json stage_json(const StageTimes& s) {
  return Json::object(
      {{"requests", s.requests}, {"total_us", s.total_us}, {"queue_us", s.queue_us}, {"compute_us", s.compute_us}});
}

}  // namespace

InputShift input_shift(const Window& before, const Window& now) {
  InputShift shift;
  if (before.row_mean.count() < 50 || now.row_mean.count() < 50) return shift;
  shift.known = true;
  shift.row_mean = effect(before.row_mean, now.row_mean);
  shift.row_deviation = effect(before.row_deviation, now.row_deviation);
  shift.changed = std::max(shift.row_mean, shift.row_deviation) > kInputShift;
  return shift;
}

StageTimes stage_times(const Window& w) {
  return {w.total.count(), w.total.quantile(0.5) * 1e6, w.queue.quantile(0.5) * 1e6, w.compute.quantile(0.5) * 1e6};
}

Json VersionFacts::to_json() const {
  return Json::object({{"model", model},
                       {"version", version},
                       {"serving", serving},
                       {"rolled_back", rolled_back},
                       {"since_us", since_us},
                       {"last_seen_us", last_seen_us},
                       {"previous_version", previous_version},
                       {"has_baseline", has_baseline},
                       {"rows_since", rows_since},
                       {"rate", rate},
                       {"rate_before", rate_before},
                       {"now", stage_json(now)},
                       {"before", stage_json(before)},
                       {"inputs_changed_since_previous", shift.known && shift.changed},
                       {"inputs_judged", inputs_judged},
                       {"inputs_psi", inputs_psi},
                       {"inputs_drifted", inputs_drifted},
                       {"previous_inputs_drifted", previous_inputs_drifted},
                       {"previous_answers_drifted", previous_answers_drifted}});
}

}  // namespace slipway
