// diagnose: from alarms and facts to ranked causes. Pure.
//
// Each piece of evidence for a cause has a weight w in [0, 1); a cause's confidence is the noisy-or 1 - prod(1 - w)
// (J. Pearl, "Probabilistic reasoning in intelligent systems", 1988, 4.3), times what speaks against it.
//
// Inputs come from clients and no version can change them. So when they drift, the input is the cause and a version is
// not, whatever its answers look like; with one exception. The last inputs of the previous version are judged by this
// version's baseline, too: when the previous version knew them and they would be strange to this one, clients send what
// they always sent, this version expects something else, and the version is the cause.
// And inputs that drifted before explain nothing when the previous version answered them without an alarm.
//
// All of that is likelihood. Proof is what two versions answer to the same inputs (monitor/judgement.h): where this one
// does worse, it is sick whatever the inputs are; where it does as well, its symptoms are not its fault.
#pragma once

#include <vector>

#include "repair/cause.h"

namespace slipway {

struct DiagnoseOptions {
  int64_t fresh_us = 600'000'000;  // a symptom this soon after publishing speaks against the version
  double suspicious_psi = 0.1;     // inputs with a smaller shift count as unchanged
  double large_psi = 0.25;         // inputs with a larger one are strange
  double as_before = 1.5;          // inputs shifted up to so many times as much as before count as the same
  double busier = 1.5;             // times the request rate before that speak for load
};

// Alarms of versions that were rolled back are under repair already and have no causes.
Diagnosis diagnose(std::vector<Alarm> alarms, std::vector<VersionFacts> versions, int64_t now_us,
                   const DiagnoseOptions& options = {});

}  // namespace slipway
