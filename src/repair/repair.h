// Repair: one remedy for one cause, as a state machine: proposed -> acting -> verifying -> closed or failed, or
// proposed -> refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "repair/cause.h"
#include "repair/policy.h"

namespace slipway {

struct Repair {
  enum class State : uint8_t {
    proposed,   // waits for a person
    acting,     // the remedy is being applied
    verifying,  // it was applied; fresh answers are watched for the symptom
    closed,     // the symptom was seen gone
    failed,     // the remedy could not be applied, or the symptom stayed
    refused,    // a person decided against it
  };
  int64_t id = 0;
  std::string remedy;
  Cause cause;                // of model and version with the symptom
  int64_t version_after = 0;  // the one that serves after the remedy
  State state = State::proposed;
  std::string note;      // why it is in this state
  std::string proposal;  // what the remedy does, for a person
  std::vector<Symptom> symptoms;
  int64_t opened_us = 0;
  int64_t acted_us = 0;   // 0: not yet
  int64_t ended_us = 0;   // 0: open
  int64_t rows_then = 0;  // rows_since of the watched version when it was opened or acted upon

  const std::string& model() const { return cause.model; }
  int64_t version() const { return cause.version; }
  bool open() const { return state == State::proposed || state == State::acting || state == State::verifying; }
  Json to_json() const;
  static Result<Repair> from_json(const Json& json);
};
std::string_view state_name(Repair::State state);

struct Transition {
  Repair::State state;
  std::string note;
};
// What alarms and facts say of an open repair that is not acting; nothing: it stays as it is. Pure.
// It is closed only by answers: at least policy.verify_rows of them after the remedy, and no symptom among the alarms.
std::optional<Transition> progress(const Repair& repair, const RemedyPolicy& policy, const std::vector<Alarm>& alarms,
                                   const std::vector<VersionFacts>& versions, int64_t now_us);

}  // namespace slipway
