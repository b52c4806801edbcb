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

// What a detector judges: one version's windows, and what they are compared with.
struct View {
  std::string model;
  int64_t version = 0;
  int64_t previous_version = 0;        // served before this one and was not rolled back; 0: none
  Window recent;                       // the newest answers
  Window older;                        // what came before them, same version, without per-feature counts
  Window previous;                     // the last answers of the previous version, without per-feature counts
  const Baseline* baseline = nullptr;  // nullptr: the version has none
  std::vector<Point> points;           // sealed windows of this version, oldest first
  double k = 2;                        // of the ThresholdModel
  // How it does beside the version it replaced, on the same inputs; nullptr: the two were not compared.
  std::shared_ptr<const Judgement> judgement = nullptr;
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
