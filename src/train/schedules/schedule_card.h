// ScheduleCard: the card of one schedule; a file in src/train/schedules/ holds everything about it.
#pragma once

#include <array>
#include <cstdint>

#include "base/cards.h"
#include "slipway/schedules.h"
#include "train/fields.h"

namespace slipway::train {

struct ScheduleCard {
  const char* name;
  const char* doc;  // one sentence, formula first
  // The factor on the learning rate at `step` (from 0) after the warm-up, of `rest` steps. Pure.
  double (*factor)(const Schedule& schedule, double step, double rest);
  bool uses_total = false;  // even when decay_steps is set
  std::array<Field<Schedule>, 6> fields = {};
  Status (*check)(const Schedule& schedule) = nullptr;  // what the fields' ranges do not say
};

// Every schedule. In both of Keras's spellings.
const Cards<ScheduleCard>& all_schedules();

CardText text_of(const ScheduleCard& card);

// How many steps a decay takes: its own, or what is left of the run.
double decay_span(const Schedule& schedule, double rest);
// From 1 at t = 0 to 0 at t = 1.
double half_cosine(double t);

// Fields of several schedules.
inline constexpr double kForever = 1e15;
inline constexpr Field<Schedule> kWarmup = {"warmup_steps", &Schedule::warmup_steps, 0, kForever};
inline constexpr Field<Schedule> kEnd = {"end", &Schedule::end, 0, 1e6};
inline constexpr Field<Schedule> kDecaySteps = {"decay_steps", &Schedule::decay_steps, 0, kForever};
inline constexpr Field<Schedule> kDecayRate = {"decay_rate", &Schedule::decay_rate, 0, 1};

}  // namespace slipway::train

// Opens a card of src/train/schedules/: SCHEDULE(cosine) = {.name = "cosine", …};
#define SCHEDULE(id)                                         \
  extern const ::slipway::train::ScheduleCard schedule_##id; \
  const ::slipway::train::ScheduleCard schedule_##id
