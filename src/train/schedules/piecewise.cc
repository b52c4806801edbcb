// Factors between boundaries.
#include <algorithm>

#include <fmt/format.h>

#include "train/schedules/schedule_card.h"

namespace slipway::train {

namespace {

double piecewise(const Schedule& s, double step, double) {
  size_t i = 0;
  while (i < s.boundaries.size() && step > static_cast<double>(s.boundaries[i])) ++i;
  return s.values[i];
}

Status check_pieces(const Schedule& schedule) {
  if (schedule.values.size() != schedule.boundaries.size() + 1) {
    return invalid(fmt::format("schedule: {} boundaries and {} values; expected one value more than boundaries",
                               schedule.boundaries.size(), schedule.values.size()));
  }
  if (std::ranges::is_sorted(schedule.boundaries)) return {};
  return invalid("schedule: boundaries must rise");
}

}  // namespace

SCHEDULE(piecewise) = {
    .name = "piecewise",
    .doc = "values[i] up to and with step boundaries[i], the last value behind them.",
    .factor = piecewise,
    .fields = {{kWarmup, {"boundaries", &Schedule::boundaries, 0, kForever}, {"values", &Schedule::values, 0, 1e6}}},
    .check = check_pieces,
};

}  // namespace slipway::train
