// Facts from windows.
#include "monitor/facts.h"

namespace slipway {

namespace {

Json stage_json(const StageTimes& s) {
  return Json::object(
      {{"requests", s.requests}, {"total_us", s.total_us}, {"queue_us", s.queue_us}, {"compute_us", s.compute_us}});
}

}  // namespace

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
                       {"inputs_judged", inputs_judged},
                       {"inputs_psi", inputs_psi},
                       {"inputs_drifted", inputs_drifted},
                       {"previous_inputs_judged", previous_inputs_judged},
                       {"previous_inputs_psi", previous_inputs_psi},
                       {"previous_inputs_compared", previous_inputs_compared},
                       {"previous_inputs_psi_here", previous_inputs_psi_here},
                       {"previous_alarms", slipway::to_json(previous_alarms)},
                       {"verdict", verdict},
                       {"judged", judged},
                       {"trusted", trusted},
                       {"answers_known_by", answers_known_by}});
}

}  // namespace slipway
