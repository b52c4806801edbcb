// One rise and one fall.
#include <algorithm>

#include "train/schedules/schedule_card.h"

namespace slipway::train {

namespace {

// L. N. Smith, N. Topin, "Super-Convergence", 2018, with cosine arms: 1 / div_factor up to 1, then down to
// 1 / (div_factor final_div_factor).
double one_cycle(const Schedule& s, double step, double rest) {
  double first = 1 / s.div_factor, last = first / s.final_div_factor;
  double last_step = std::max(rest - 1, 1.0), top = s.start_fraction * last_step;
  if (step < top) return 1 + (first - 1) * half_cosine(step / top);
  return last + (1 - last) * half_cosine(std::min(1.0, (step - top) / std::max(last_step - top, 1.0)));
}

}  // namespace

SCHEDULE(one_cycle) = {
    .name = "one_cycle",
    .doc =
        "From 1 / div_factor up to 1 in start_fraction of the steps, then down to 1 / (div_factor final_div_factor).",
    .factor = one_cycle,
    .uses_total = true,
    .fields = {{kWarmup,
                {"start_fraction", &Schedule::start_fraction, 0, 1},
                {"div_factor", &Schedule::div_factor, 1, 1e12},
                {"final_div_factor", &Schedule::final_div_factor, 1, 1e12}}},
};

}  // namespace slipway::train
