// The learning rate by step.
#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "slipway/schedules.h"
#include "train/fields.h"

namespace slipway::train {

// The factor on the learning rate at `step` (from 0) of `total`. Pure. Requires: check(schedule).ok().
double schedule_factor(const Schedule& schedule, int64_t step, int64_t total);

// An error for an unknown type, an argument out of range, or boundaries and values that do not belong together.
Status check(const Schedule& schedule);

// What a schedule of this type takes.
Result<std::span<const Field<Schedule>>> schedule_fields(std::string_view type);

// Everything that decides the factors of a run of `total` steps, as text.
std::string fingerprint(const Schedule& schedule, int64_t total);

}  // namespace slipway::train
