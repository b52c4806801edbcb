// Alarms: their life with hysteresis, and their JSON.
#include "monitor/alarm.h"

#include <algorithm>

#include "base/check.h"
#include "base/clock.h"

namespace slipway {

Json to_json(const std::vector<Symptom>& symptoms) {
  Json list = Json::array();
  for (const Symptom& s : symptoms) list.push(Json::object({{"detector", s.detector}, {"subject", s.subject}}));
  return list;
}

Json Alarm::to_json() const {
  Json json = Json::object({{"id", id},
                            {"detector", detector},
                            {"subject", subject},
                            {"model", model},
                            {"version", version},
                            {"severity", severity_name(severity)},
                            {"active", active()},
                            {"start_us", start_us},
                            {"start", rfc3339(start_us)},
                            {"last_us", last_us},
                            {"last", rfc3339(last_us)}});
  if (!active()) {
    json.set("cleared_us", cleared_us).set("cleared", rfc3339(cleared_us)).set("cleared_because", cleared_because);
  }
  if (part_of != 0) json.set("part_of", part_of);
  json.set("statistic", statistic).set("threshold", threshold).set("message", message).set("evidence", evidence);
  return json;
}

Result<Alarm> Alarm::from_json(const Json& json) {
  for (const char* key : {"id", "detector", "subject", "model", "version", "start_us"}) {
    if (json[key].is_null()) return invalid(std::string("alarm: member \"") + key + "\" is missing");
  }
  Alarm a;
  a.id = json["id"].as_int();
  a.detector = json["detector"].as_string();
  a.subject = json["subject"].as_string();
  a.model = json["model"].as_string();
  a.version = json["version"].as_int();
  a.severity = severity_of(json["severity"].as_string());
  a.start_us = json["start_us"].as_int();
  a.last_us = json["last_us"].as_int();
  a.cleared_us = json["cleared_us"].as_int();
  a.part_of = json["part_of"].as_int();
  a.cleared_because = json["cleared_because"].as_string();
  a.statistic = json["statistic"].as_double();
  a.threshold = json["threshold"].as_double();
  a.message = json["message"].as_string();
  a.evidence = json["evidence"];
  return a;
}

const char* kind_name(AlarmEvent::Kind kind) {
  return kind == AlarmEvent::Kind::raised ? "raised" : kind == AlarmEvent::Kind::cleared ? "cleared" : "refreshed";
}

Json AlarmEvent::to_json() const { return Json::object({{"event", kind_name(kind)}, {"alarm", alarm.to_json()}}); }

void AlarmBook::restore(Alarm alarm) {
  next_id_ = std::max(next_id_, alarm.id + 1);
  State& state = states_[{alarm.model, alarm.version, alarm.detector, alarm.subject}];
  state.active = true;
  state.alarm = std::move(alarm);
}

AlarmEvent AlarmBook::clear(State& state, const std::string& because, int64_t now_us) {
  state.active = false;
  state.firing = state.quiet = 0;
  state.alarm.cleared_us = now_us;
  state.alarm.cleared_because = because;
  return {AlarmEvent::Kind::cleared, state.alarm};
}

void AlarmBook::count(State& state, const Finding& f, int64_t now_us) const {
  const bool quiet = f.statistic < options_.clear_ratio * f.threshold;
  if (f.firing() && state.firing == 0) state.firing_since_us = now_us;
  if (quiet && state.quiet == 0) state.quiet_since_us = now_us;
  state.firing = f.firing() ? state.firing + 1 : 0;
  state.quiet = quiet ? state.quiet + 1 : 0;
}

int64_t AlarmBook::explanation(const std::string& model, int64_t version, const Finding& finding) const {
  for (const Symptom& s : finding.explained_by) {
    auto it = states_.find({model, version, s.detector, s.subject});
    if (it != states_.end() && it->second.active) return it->second.alarm.id;
  }
  return 0;
}

std::vector<AlarmEvent> AlarmBook::apply(const std::string& detector, const std::string& model, int64_t version,
                                         const std::vector<Finding>& findings, int64_t now_us) {
  std::vector<AlarmEvent> events;
  for (const Finding& f : findings) {
    State& state = states_[{model, version, detector, f.subject}];
    count(state, f, now_us);
    if (!state.active) {
      if (f.firing()) state.alarm.evidence = f.evidence;
      if (!f.firing() || state.firing < options_.raise_after) continue;
      if (now_us - state.firing_since_us < f.confirm_us) continue;
      state.active = true;
      state.alarm = {.id = next_id_++,
                     .detector = detector,
                     .subject = f.subject,
                     .model = model,
                     .version = version,
                     .severity = f.severity,
                     .start_us = state.firing_since_us,
                     .last_us = now_us,
                     .part_of = explanation(model, version, f),
                     .statistic = f.statistic,
                     .threshold = f.threshold,
                     .message = f.message,
                     .evidence = f.evidence};
      raised_ += state.alarm.part_of == 0 ? 1 : 0;
      events.push_back({AlarmEvent::Kind::raised, state.alarm});
    } else if (f.firing()) {
      const bool alone = state.alarm.part_of != 0 && explanation(model, version, f) == 0;
      if (alone) {
        state.alarm.part_of = 0;
        ++raised_;
      }
      state.alarm.last_us = now_us;
      state.alarm.severity = std::max(state.alarm.severity, f.severity);
      state.alarm.statistic = f.statistic;
      state.alarm.threshold = f.threshold;
      state.alarm.message = f.message;
      state.alarm.evidence = f.evidence;
      events.push_back({alone ? AlarmEvent::Kind::raised : AlarmEvent::Kind::refreshed, state.alarm});
    } else if (state.quiet >= options_.clear_after && now_us - state.quiet_since_us >= options_.clear_us) {
      events.push_back(clear(state, "no longer seen", now_us));
    }
  }
  return events;
}

std::vector<AlarmEvent> AlarmBook::close(const Alarm& alarm, const std::string& because, int64_t now_us) {
  auto it = states_.find({alarm.model, alarm.version, alarm.detector, alarm.subject});
  CHECK(it != states_.end() && it->second.active, "an alarm that is closed was active");
  return {clear(it->second, because, now_us)};
}

std::vector<AlarmEvent> AlarmBook::close(const std::string& model, int64_t version, const std::string& because,
                                         int64_t now_us) {
  std::vector<AlarmEvent> events;
  for (auto it = states_.begin(); it != states_.end();) {
    const bool mine = std::get<0>(it->first) == model && std::get<1>(it->first) == version;
    if (mine && it->second.active) events.push_back(clear(it->second, because, now_us));
    it = mine ? states_.erase(it) : std::next(it);
  }
  return events;
}

std::map<Symptom, Json> AlarmBook::suspicions(const std::string& model, int64_t version) const {
  std::map<Symptom, Json> all;
  for (auto it = states_.lower_bound({model, version, "", ""}); it != states_.end(); ++it) {
    const auto& [of_model, of_version, detector, subject] = it->first;
    if (of_model != model || of_version != version) break;
    if (it->second.active || it->second.firing > 0) all[{detector, subject}] = it->second.alarm.evidence;
  }
  return all;
}

std::vector<Alarm> AlarmBook::active() const {
  std::vector<Alarm> alarms;
  for (const auto& [key, state] : states_) {
    if (state.active) alarms.push_back(state.alarm);
  }
  std::sort(alarms.begin(), alarms.end(), [](const Alarm& a, const Alarm& b) { return a.id < b.id; });
  return alarms;
}

}  // namespace slipway
