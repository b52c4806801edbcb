// Curves: the numbers of training runs over their epochs, as a picture (SVG).
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace slipway::train {

// A run as a picture shows it.
struct RunCurves {
  std::string name;
  std::vector<Json> epochs;  // to_json(EpochResult), in order
  int64_t marked_epoch = 0;  // whose weights were kept; 0: none is marked
};

// A panel for each number that the epochs have ("loss" with "val_loss", "accuracy" with "val_accuracy", …): a colour
// for each run, validation as a solid line, training as a dashed one, a dot at the epoch that was kept. Numbers that
// are not finite leave a gap. No epoch at all: a picture that says so.
std::string curves_svg(const std::vector<RunCurves>& runs);

}  // namespace slipway::train
