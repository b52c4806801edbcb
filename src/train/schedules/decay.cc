// Schedules that fall by a rate.
#include <cmath>

#include "train/schedules/schedule_card.h"

namespace slipway::train {

namespace {

// decay_rate ^ floor(step / decay_steps)
double step_decay(const Schedule& s, double step, double rest) {
  return std::pow(s.decay_rate, std::floor(step / decay_span(s, rest)));
}

// decay_rate ^ (step / decay_steps)
double exponential(const Schedule& s, double step, double rest) {
  return std::pow(s.decay_rate, step / decay_span(s, rest));
}

}  // namespace

SCHEDULE(step) = {
    .name = "step",
    .doc = "decay_rate ^ floor(step / decay_steps).",
    .factor = step_decay,
    .fields = {{kWarmup, kDecaySteps, kDecayRate}},
};

SCHEDULE(exponential) = {
    .name = "exponential",
    .doc = "decay_rate ^ (step / decay_steps).",
    .factor = exponential,
    .fields = {{kWarmup, kDecaySteps, kDecayRate}},
};

}  // namespace slipway::train
