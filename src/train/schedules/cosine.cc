// Half a cosine, once or again and again.
#include <algorithm>

#include "train/schedules/schedule_card.h"

namespace slipway::train {

namespace {

// I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017: cycle i of
// decay_steps t_mul^i steps falls from m_mul^i to end.
double cosine(const Schedule& s, double step, double rest) {
  double length = decay_span(s, rest), height = 1;
  while (s.restarts && step >= length) {
    step -= length;
    length *= s.t_mul;
    height *= s.m_mul;
  }
  return s.end + (height - s.end) * half_cosine(std::min(1.0, step / length));
}

}  // namespace

SCHEDULE(cosine) = {
    .name = "cosine",
    .doc =
        "Half a cosine from 1 to end; with restarts again and again, each t_mul times as long and m_mul times as high.",
    .factor = cosine,
    .fields = {{kWarmup,
                kDecaySteps,
                kEnd,
                {"restarts", &Schedule::restarts},
                {"t_mul", &Schedule::t_mul, 1, 1e6},
                {"m_mul", &Schedule::m_mul, 0, 1e6}}},
};

}  // namespace slipway::train
