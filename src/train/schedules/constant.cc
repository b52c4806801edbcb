// The learning rate as it is.
#include "train/schedules/schedule_card.h"

namespace slipway::train {

namespace {

double constant(const Schedule&, double, double) { return 1; }

}  // namespace

SCHEDULE(constant) = {
    .name = "constant",
    .doc = "1.",
    .factor = constant,
    .fields = {{kWarmup}},
};

}  // namespace slipway::train
