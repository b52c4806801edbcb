// Alarm: something is wrong with one subject of one version, from when to when, and by what evidence.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.h"
#include "monitor/detector.h"

namespace slipway {

struct Alarm {
  int64_t id = 0;
  std::string detector;
  std::string subject;
  std::string model;
  int64_t version = 0;
  Severity severity = Severity::warning;
  int64_t start_us = 0;    // when it was first seen without a break
  int64_t last_us = 0;     // when it was last seen to be true
  int64_t cleared_us = 0;  // 0: active
  int64_t part_of = 0;     // the alarm that explains this one, which is then not announced by itself; 0: none
  std::string cleared_because;
  double statistic = 0;  // the latest
  double threshold = 0;
  std::string message;
  Json evidence = Json::object();

  bool active() const { return cleared_us == 0; }
  Json to_json() const;
  static Result<Alarm> from_json(const Json& json);
};

// [{"detector": ..., "subject": ...}, ...]
Json to_json(const std::vector<Symptom>& symptoms);

// An alarm that was part of another and outlives it is raised then.
struct AlarmEvent {
  enum class Kind : uint8_t { raised, refreshed, cleared };
  Kind kind;
  Alarm alarm;
  // {"event": "raised", "alarm": {...}}: the body that a webhook gets.
  Json to_json() const;
};
const char* kind_name(AlarmEvent::Kind kind);

struct AlarmOptions {
  int raise_after = 1;            // evaluations in a row that must fire
  int clear_after = 3;            // evaluations in a row that must be quiet ...
  int64_t clear_us = 10'000'000;  // ... over at least so long
  double clear_ratio = 0.8;       // quiet: statistic < clear_ratio * threshold; between, an alarm stays as it is
};

// The life of alarms: raised, refreshed, cleared. Pure: no clock, no threads, no input or output.
class AlarmBook {
 public:
  explicit AlarmBook(AlarmOptions options = {}, int64_t next_id = 1) : options_(options), next_id_(next_id) {}

  // Alarms that were active when the program stopped.
  void restore(Alarm alarm);

  // What one evaluation of `detector` for a version changes. Subjects it says nothing about stay as they are. Findings
  // that others explain come after those that explain them.
  std::vector<AlarmEvent> apply(const std::string& detector, const std::string& model, int64_t version,
                                const std::vector<Finding>& findings, int64_t now_us);

  // Clears one alarm. Requires: it is active.
  std::vector<AlarmEvent> close(const Alarm& alarm, const std::string& because, int64_t now_us);
  // Clears every active alarm of a version.
  std::vector<AlarmEvent> close(const std::string& model, int64_t version, const std::string& because, int64_t now_us);

  // By id.
  std::vector<Alarm> active() const;
  // What is going on with a version, with its evidence: active alarms, and findings that fire and wait for
  // confirmation.
  std::map<Symptom, Json> suspicions(const std::string& model, int64_t version) const;
  // Alarms raised, parts of others not counted.
  int64_t raised() const { return raised_; }

 private:
  using Key = std::tuple<std::string, int64_t, std::string, std::string>;  // model, version, detector, subject
  struct State {
    Alarm alarm;
    bool active = false;
    int firing = 0;  // evaluations in a row
    int quiet = 0;
    int64_t firing_since_us = 0;
    int64_t quiet_since_us = 0;
  };
  void count(State& state, const Finding& finding, int64_t now_us) const;
  // The id of the active alarm that explains the finding; 0: none does.
  int64_t explanation(const std::string& model, int64_t version, const Finding& finding) const;
  AlarmEvent clear(State& state, const std::string& because, int64_t now_us);

  AlarmOptions options_;
  int64_t next_id_;
  int64_t raised_ = 0;
  std::map<Key, State> states_;
};

}  // namespace slipway
