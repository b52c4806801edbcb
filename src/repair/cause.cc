// Spelling of causes and diagnoses.
#include "repair/cause.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/nearest.h"

namespace slipway {

namespace {
constexpr std::string_view kCauses[] = {"bad_version", "shifted_input", "failing_stage", "load"};
}

std::string_view cause_name(CauseKind kind) { return kCauses[static_cast<size_t>(kind)]; }

Result<CauseKind> cause_of(std::string_view name) {
  for (size_t i = 0; i < std::size(kCauses); ++i) {
    if (kCauses[i] == name) return static_cast<CauseKind>(i);
  }
  const std::vector<std::string> known(std::begin(kCauses), std::end(kCauses));
  return invalid(fmt::format("cause \"{}\" is not known{}", name, did_you_mean(name, known, "there are")));
}

Json Cause::to_json() const {
  Json json = Json::object({{"kind", cause_name(kind)},
                            {"model", model},
                            {"version", version},
                            {"confidence", confidence},
                            {"proved", proved},
                            {"summary", summary},
                            {"evidence", Json::array_of(evidence)}});
  if (!features.empty()) json.set("features", Json::array_of(features));
  if (!stage.empty()) json.set("stage", stage);
  json.set("alarms", Json::array_of(alarms));
  return json;
}

Result<Cause> Cause::from_json(const Json& json) {
  Cause c;
  c.kind = TRY(cause_of(json["kind"].as_string()));
  c.model = json["model"].as_string();
  c.version = json["version"].as_int();
  c.confidence = json["confidence"].as_double();
  c.proved = json["proved"].as_bool();
  c.summary = json["summary"].as_string();
  for (const Json& e : json["evidence"].items()) c.evidence.push_back(e.as_string());
  for (const Json& f : json["features"].items()) c.features.push_back(f.as_string());
  c.stage = json["stage"].as_string();
  for (const Json& id : json["alarms"].items()) c.alarms.push_back(id.as_int());
  return c;
}

const Cause* Diagnosis::likeliest(const std::string& model, int64_t version) const {
  for (const Cause& cause : causes) {
    if (cause.model == model && cause.version == version) return &cause;
  }
  return nullptr;
}

Json Diagnosis::to_json() const {
  Json ranked = Json::array();
  for (const Cause& c : causes) ranked.push(c.to_json());
  Json heard = Json::array();
  for (const Alarm& a : alarms) heard.push(a.to_json());
  Json seen = Json::array();
  for (const VersionFacts& v : versions) seen.push(v.to_json());
  return Json::object({{"time_us", time_us},
                       {"time", rfc3339(time_us)},
                       {"causes", std::move(ranked)},
                       {"alarms", std::move(heard)},
                       {"versions", std::move(seen)}});
}

}  // namespace slipway
