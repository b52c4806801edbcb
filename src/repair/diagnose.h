// diagnose: from alarms and facts to ranked causes. Pure.
//
// Each piece of evidence for a cause has a weight w in [0, 1); a cause's confidence is the noisy-or 1 - prod(1 - w)
// (J. Pearl, "Probabilistic reasoning in intelligent systems", 1988, 4.3), times what speaks against it.
//
// Inputs come from clients and no version can change them. So when they drift from the baseline, and also differ from
// what the previous version got before this one was published, or had drifted before, the input is the cause and a
// version is not, whatever its answers look like. When they drift from this version's baseline but are what clients
// sent all along, this version expects something else: then the version is.
#pragma once

#include <vector>

#include "repair/cause.h"

namespace slipway {

struct DiagnoseOptions {
  int64_t fresh_us = 600'000'000;  // a symptom this soon after publishing speaks against the version
  double suspicious_psi = 0.1;     // inputs with a smaller shift count as unchanged
  double busier = 1.5;             // times the request rate before that speak for load
};

// Alarms of versions that were rolled back are under repair already and have no causes.
Diagnosis diagnose(std::vector<Alarm> alarms, std::vector<VersionFacts> versions, int64_t now_us,
                   const DiagnoseOptions& options = {});

}  // namespace slipway
