// Detector: the card of one way to see that something is wrong; src/monitor/detectors/<id>.cc holds everything about
// it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "monitor/window.h"
#include "sketch/baseline.h"

namespace slipway {

enum class Severity : uint8_t { info, warning, critical };
std::string_view severity_name(Severity severity);
Severity severity_of(std::string_view name);  // info for an unknown name

struct Judgement;

// Numbers of detectors by "detector.parameter", e.g. "input_drift.psi".
using Parameters = std::map<std::string, double, std::less<>>;

// What an alarm is about.
struct Symptom {
  std::string detector;
  std::string subject;
  auto operator<=>(const Symptom&) const = default;
};

// What a detector judges: one version's answers, and what they are compared with.
//
// A version is never compared with its own sick past: points of a time when an alarm said that it was not what it used
// to be are marked (Point::troubled), and what an open alarm was compared with when it was raised is in its evidence,
// which `open` holds, so that the comparison stays the same however long the trouble lasts, restarts included.
struct View {
  std::string model;
  int64_t version = 0;
  int64_t previous_version = 0;        // served before this one and was not rolled back; 0: none
  bool serving = false;                // requests without a version go to it
  int64_t now_us = 0;                  // when it is judged
  int64_t last_seen_us = 0;            // its last answer
  Window recent;                       // the newest answers
  const Baseline* baseline = nullptr;  // nullptr: the version has none
  std::vector<Point> points;           // of this version, oldest first
  std::vector<Point> previous_points;  // of the previous version
  std::map<Symptom, Json> open;  // evidence of this version's active alarms, and of those that wait to be confirmed
  double k = 2;                  // of the ThresholdModel
  // How it does beside the version it replaced, on the same inputs; nullptr: the two were not compared.
  std::shared_ptr<const Judgement> judgement = nullptr;

  // The evidence of that alarm; nullptr when there is none.
  const Json* evidence(std::string_view detector, std::string_view subject) const;
};

// What a detector says of one subject. The alarm is raised while statistic > threshold, and cleared once the statistic
// stays under clear_ratio * threshold (see alarm.h).
struct Finding {
  std::string subject;  // "inputs", "classes", "latency", …
  Severity severity = Severity::warning;
  double statistic = 0;
  double threshold = 0;
  std::string message;  // one sentence: what, how much, against what
  Json evidence = Json::object();
  int64_t confirm_us = 0;             // how long it must have fired without a break before an alarm is raised
  std::vector<Symptom> explained_by;  // an alarm of one of these makes this one a part of it
  bool firing() const { return statistic > threshold; }
};

struct Parameter {
  const char* name;
  double value;
  const char* doc;
};

struct Detector {
  const char* name;    // the id of its file
  const char* doc;     // one sentence, formula first
  const char* source;  // where the formula comes from
  std::array<Parameter, 8> parameters = {};
  bool recalls = false;        // compares a version with its own past, which an alarm of it marks as troubled
  bool hears_silence = false;  // is asked while no answers come, too
  // Pure. Subjects without enough data are left out: nothing is said about them.
  std::vector<Finding> (*detect)(const View& view, const Parameters& parameters);
};

// The value of "detector.parameter": an override, or the card's. Requires: the card has it.
double parameter(const Detector& detector, std::string_view name, const Parameters& overrides);

}  // namespace slipway

// Opens the card of src/monitor/detectors/<id>.cc: DETECTOR(ewma) = {.name = "ewma", …};
#define DETECTOR(id)                              \
  extern const ::slipway::Detector detector_##id; \
  const ::slipway::Detector detector_##id
