// Every detector card of the program.
#pragma once

#include <span>

#include "monitor/detector.h"

namespace slipway {

// By file name. Frozen, thread-safe.
std::span<const Detector* const> all_detectors();

// nullptr when there is none.
const Detector* find_detector(std::string_view name);

// invalid_argument names the first override that no card has, and the ones there are.
Status check_parameters(const Parameters& overrides);

}  // namespace slipway
