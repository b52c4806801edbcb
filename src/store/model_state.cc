// Promotion and rollback as functions from state to state.
#include "store/model_state.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace slipway {

namespace {

void make_production(ModelState& state, int64_t version) {
  if (state.production == version) return;
  std::erase(state.history, version);
  if (state.production != 0) state.history.push_back(state.production);
  state.production = version;
}

Status wrong(std::string_view key, const Json& found) {
  return invalid(fmt::format("\"{}\": expected version numbers, found {}", key, found.dump()));
}

}  // namespace

ModelState promoted(ModelState state, int64_t version) {
  make_production(state, version);
  if (state.rejected.erase(version) > 0) state.trusted.insert(version);
  return state;
}

std::vector<int64_t> rollback_candidates(const ModelState& state) {
  std::vector<int64_t> candidates(state.history.rbegin(), state.history.rend());
  std::erase_if(candidates, [&](int64_t version) { return state.rejected.contains(version); });
  return candidates;
}

int64_t rollback_target(const ModelState& state) {
  const std::vector<int64_t> candidates = rollback_candidates(state);
  return candidates.empty() ? 0 : candidates.front();
}

ModelState without(ModelState state, int64_t version) {
  state.highest = std::max(state.highest, version);
  std::erase(state.history, version);
  state.rejected.erase(version);
  state.trusted.erase(version);
  if (state.production == version) {
    state.production = 0;
    state.since_us = 0;
  }
  return state;
}

int64_t predecessor(const ModelState& state) {
  if (state.history.empty() || state.rejected.contains(state.history.back())) return 0;
  return state.history.back();
}

ModelState rolled_back(ModelState state, int64_t to, std::string reason) {
  CHECK(state.production != 0 && state.production != to, "a rollback needs another version to leave");
  state.rejected[state.production] = std::move(reason);
  state.trusted.erase(state.production);
  make_production(state, to);
  return state;
}

Json to_json(const ModelState& state) {
  Json rejected = Json::object();
  for (const auto& [version, reason] : state.rejected) rejected.set(std::to_string(version), reason);
  Json json = Json::object({{"production", state.production},
                            {"history", Json::array_of(state.history)},
                            {"rejected", rejected},
                            {"highest", state.highest}});
  if (state.since_us != 0) json.set("since_us", state.since_us);
  if (!state.trusted.empty()) json.set("trusted", Json::array_of(state.trusted));
  return json;
}

Result<ModelState> model_state_from_json(const Json& json) {
  ModelState state;
  for (auto [key, field] : {std::pair{"production", &state.production}, std::pair{"highest", &state.highest}}) {
    Json value = TRY(json.require(key));
    if (!value.is_integer() || value.as_int() < 0) return wrong(key, value);
    *field = value.as_int();
  }
  Json history = TRY(json.require("history"));
  if (!history.is_array()) return wrong("history", history);
  for (const Json& version : history.items()) {
    if (!version.is_integer()) return wrong("history", version);
    state.history.push_back(version.as_int());
  }
  // Not in the files of earlier programs.
  state.since_us = json["since_us"].as_int();
  for (const Json& version : json["trusted"].items()) {
    if (!version.is_integer()) return wrong("trusted", version);
    state.trusted.insert(version.as_int());
  }
  Json rejected = TRY(json.require("rejected"));
  if (!rejected.is_object()) return wrong("rejected", rejected);
  for (const auto& [key, reason] : rejected.members()) {
    int64_t version = 0;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), version);
    if (error != std::errc() || end != key.data() + key.size()) return wrong("rejected", key);
    state.rejected[version] = reason.as_string();
  }
  return state;
}

}  // namespace slipway
