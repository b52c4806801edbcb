// Cause: what most likely makes a version's alarms sound, with its evidence; a Diagnosis ranks them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "monitor/alarm.h"
#include "monitor/facts.h"

namespace slipway {

enum class CauseKind : uint8_t {
  bad_version,    // the published model is sick
  shifted_input,  // clients send other inputs than it was trained on
  failing_stage,  // the server's engine, queue or request reading fails or is slow, whatever the version
  load,           // more requests than it can answer
};
std::string_view cause_name(CauseKind kind);
Result<CauseKind> cause_of(std::string_view name);

struct Cause {
  CauseKind kind = CauseKind::bad_version;
  std::string model;
  int64_t version = 0;
  double confidence = 0;              // in [0, 1]
  bool proved = false;                // by what this version and the one before it answered to the same inputs
  std::string summary;                // one sentence
  std::vector<std::string> evidence;  // sentences, the strongest first
  std::vector<std::string> features;  // of a shifted input, the most drifted first
  std::string stage;                  // of a failing stage: "engine", "queue", "request reading"
  std::vector<int64_t> alarms;        // ids it explains

  Json to_json() const;
  static Result<Cause> from_json(const Json& json);
};

struct Diagnosis {
  int64_t time_us = 0;
  std::vector<Cause> causes;  // the likeliest first; empty: nothing is wrong
  std::vector<Alarm> alarms;
  std::vector<VersionFacts> versions;

  // Of what one version suffers; nullptr: nothing.
  const Cause* likeliest(const std::string& model, int64_t version) const;
  Json to_json() const;
};

}  // namespace slipway
