// The state machine of a repair, and its JSON.
#include "repair/repair.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace slipway {

namespace {

constexpr std::string_view kStates[] = {"proposed", "acting", "verifying", "closed", "failed", "refused"};

const VersionFacts* find_version(const std::vector<VersionFacts>& versions, const std::string& model, int64_t version) {
  for (const VersionFacts& v : versions) {
    if (v.model == model && v.version == version) return &v;
  }
  return nullptr;
}

int64_t serving_of(const std::vector<VersionFacts>& versions, const std::string& model) {
  for (const VersionFacts& v : versions) {
    if (v.model == model && v.serving) return v.version;
  }
  return 0;
}

const Alarm* find_symptom(const Repair& repair, int64_t version, const std::vector<Alarm>& alarms) {
  for (const Alarm& a : alarms) {
    if (a.model != repair.model() || a.version != version) continue;
    for (const Symptom& s : repair.symptoms) {
      if (s.detector == a.detector && s.subject == a.subject) return &a;
    }
  }
  return nullptr;
}

}  // namespace

std::string_view state_name(Repair::State state) { return kStates[static_cast<size_t>(state)]; }

std::optional<Transition> progress(const Repair& repair, const RemedyPolicy& policy, const std::vector<Alarm>& alarms,
                                   const std::vector<VersionFacts>& versions, int64_t now_us) {
  const bool verifying = repair.state == Repair::State::verifying;
  const int64_t watched = verifying && repair.version_after != 0 ? repair.version_after : repair.version();
  const VersionFacts* facts = find_version(versions, repair.model(), watched);
  if (facts == nullptr) return std::nullopt;
  // The server has not switched yet: answers of the version it is about to put back are old ones.
  if (watched != repair.version() && serving_of(versions, repair.model()) == repair.version()) return std::nullopt;
  if (!verifying && !facts->serving) {
    return Transition{Repair::State::closed, fmt::format("version {} no longer serves", watched)};
  }
  if (!verifying && repair.cause.kind == CauseKind::bad_version && facts->verdict == "equal") {
    return Transition{Repair::State::closed, fmt::format("not its fault: {}", facts->judged)};
  }
  const int64_t rows = facts->rows_since - repair.rows_then;
  if (rows < policy.verify_rows) return std::nullopt;
  const Alarm* symptom = find_symptom(repair, watched, alarms);
  if (symptom == nullptr) {
    return Transition{Repair::State::closed, fmt::format("the symptom is gone: {} answers of version {} without it{}",
                                                         rows, watched, verifying ? "" : ", though nothing was done")};
  }
  if (!verifying || now_us - repair.acted_us < policy.verify_s * 1'000'000) return std::nullopt;
  return Transition{Repair::State::failed,
                    fmt::format("{} s and {} answers after the remedy version {} still has it: {}", policy.verify_s,
                                rows, watched, symptom->message)};
}

Json Repair::to_json() const {
  Json json = Json::object({{"id", id},
                            {"remedy", remedy},
                            {"model", model()},
                            {"version", version()},
                            {"version_after", version_after},
                            {"state", state_name(state)},
                            {"note", note},
                            {"cause", cause.to_json()},
                            {"proposal", proposal},
                            {"symptoms", slipway::to_json(symptoms)},
                            {"opened_us", opened_us},
                            {"opened", rfc3339(opened_us)},
                            {"acted_us", acted_us},
                            {"ended_us", ended_us},
                            {"rows_then", rows_then}});
  if (acted_us != 0) json.set("acted", rfc3339(acted_us));
  if (ended_us != 0) json.set("ended", rfc3339(ended_us));
  return json;
}

Result<Repair> Repair::from_json(const Json& json) {
  Repair r;
  r.id = json["id"].as_int();
  r.remedy = json["remedy"].as_string();
  r.cause = TRY(Cause::from_json(json["cause"]));
  r.version_after = json["version_after"].as_int();
  size_t state = 0;
  while (state < std::size(kStates) && kStates[state] != json["state"].as_string()) ++state;
  if (state == std::size(kStates)) return invalid("repair: state " + json["state"].dump() + " is not known");
  r.state = static_cast<State>(state);
  r.note = json["note"].as_string();
  r.proposal = json["proposal"].as_string();
  for (const Json& s : json["symptoms"].items()) {
    r.symptoms.push_back({s["detector"].as_string(), s["subject"].as_string()});
  }
  r.opened_us = json["opened_us"].as_int();
  r.acted_us = json["acted_us"].as_int();
  r.ended_us = json["ended_us"].as_int();
  r.rows_then = json["rows_then"].as_int();
  return r;
}

}  // namespace slipway
