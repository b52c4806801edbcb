// Schedules that fall to an end.
#include <algorithm>
#include <cmath>

#include "train/schedules/schedule_card.h"

namespace slipway::train {

namespace {

// (1 - end) (1 - t) ^ power + end
double polynomial(const Schedule& s, double step, double rest) {
  double left = 1 - std::min(1.0, step / decay_span(s, rest));
  return s.end + (1 - s.end) * std::pow(left, s.power);
}
double linear(const Schedule& s, double step, double rest) {
  return s.end + (1 - s.end) * (1 - std::min(1.0, step / decay_span(s, rest)));
}

}  // namespace

SCHEDULE(linear) = {
    .name = "linear",
    .doc = "(1 - end) (1 - t) + end with t = step / decay_steps.",
    .factor = linear,
    .fields = {{kWarmup, kDecaySteps, kEnd}},
};

SCHEDULE(polynomial) = {
    .name = "polynomial",
    .doc = "(1 - end) (1 - t)^power + end with t = step / decay_steps.",
    .factor = polynomial,
    .fields = {{kWarmup, kDecaySteps, kEnd, {"power", &Schedule::power, 0, 1e3}}},
};

}  // namespace slipway::train
