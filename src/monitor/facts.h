// VersionFacts: what the monitor knows of a version that a diagnosis needs beside the alarms.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "monitor/alarm.h"
#include "monitor/window.h"

namespace slipway {

// Medians in microseconds.
struct StageTimes {
  int64_t requests = 0;
  double total_us = 0;
  double queue_us = 0;
  double compute_us = 0;
};
StageTimes stage_times(const Window& window);

struct VersionFacts {
  std::string model;
  int64_t version = 0;
  bool serving = false;  // what requests without a version get
  bool rolled_back = false;
  int64_t since_us = 0;          // when it began to serve
  int64_t last_seen_us = 0;      // its last answer
  int64_t previous_version = 0;  // 0: none
  bool has_baseline = false;
  int64_t rows_since = 0;  // rows answered since it began to serve
  double rate = 0;         // requests a second, now
  double rate_before = 0;  // before
  StageTimes now;
  StageTimes before;            // of the previous version, else of itself a while ago
  bool inputs_judged = false;   // input_drift had enough rows to say something
  double inputs_psi = 0;        // what it said last: the largest significant shift of a feature
  bool inputs_drifted = false;  // by an active input_drift alarm
  // The last inputs of the previous version before this one replaced it.
  bool previous_inputs_judged = false;    // by that version's baseline there were enough to say something
  double previous_inputs_psi = 0;         // what it said
  bool previous_inputs_compared = false;  // and by this version's baseline
  double previous_inputs_psi_here = 0;   // what it says: large when this version expects other inputs than that one got
  std::vector<Symptom> previous_alarms;  // active for the previous version then

  // How it does beside the version it replaced, on the same inputs (monitor/judgement.h).
  std::string verdict;           // "": the two were not compared
  std::string judged;            // in a sentence
  bool trusted = false;          // a person made it production in spite of a rejection
  std::string answers_known_by;  // what its answers are expected to look like by: "labels", "version 3"; "": nothing

  Json to_json() const;
};

}  // namespace slipway
