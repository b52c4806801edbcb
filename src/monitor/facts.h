// VersionFacts: what the monitor knows of a version that a diagnosis needs beside the alarms.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "monitor/window.h"

namespace slipway {

// How far the inputs of one window are from those of another, in deviations of the first. Tells whether clients began
// to send something else, whatever any version's baseline says.
struct InputShift {
  bool known = false;        // both windows hold enough rows
  double row_mean = 0;       // |difference of the mean row mean| / its deviation before
  double row_deviation = 0;  // the same of the row deviation
  bool changed = false;      // either is above kInputShift
};
inline constexpr double kInputShift = 0.4;
// Requires nothing; `known` is false under 50 rows on either side.
InputShift input_shift(const Window& before, const Window& now);

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
  StageTimes before;                      // of the previous version, else of itself a while ago
  InputShift shift;                       // of the inputs since the previous version's last answers
  bool inputs_judged = false;             // input_drift had enough rows to say something
  double inputs_psi = 0;                  // what it said last: the largest significant shift of a feature
  bool inputs_drifted = false;            // by an active input_drift alarm
  bool previous_inputs_drifted = false;   // the same of the previous version, when it stopped serving
  bool previous_answers_drifted = false;  // its answers had drifted from its baseline then

  Json to_json() const;
};

}  // namespace slipway
