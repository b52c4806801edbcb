// From the store's state to the monitor's.
#include "repair/follower.h"

#include <fmt/format.h>

namespace slipway {

void Follower::follow(const VersionChange& change) {
  const auto& [model, version, loaded] = change;
  if (version == 0) return;
  if (serving_[model] != version) follow_version(model, version);
  if (const int64_t replaced = replaced_[model]; replaced != 0) compare(model, replaced, version);
  if (!loaded.empty() && loaded.back() > version) compare(model, version, loaded.back());
}

void Follower::follow_version(const std::string& model, int64_t version) {
  const bool first = serving_[model] == 0;  // since the program started
  const Result<ModelState> state = store_.state(model);
  // Another version may serve than the store says: one that cannot be loaded, or a disk that refuses a rollback.
  const bool stated = state.ok() && state->production == version;
  replaced_[model] = stated ? predecessor(*state) : 0;
  read_baseline(model, version);
  monitor_.serving(model, version, stated && first ? state->since_us : 0, stated ? replaced_[model] : Monitor::kAsSeen);
  if (stated && state->trusted.contains(version)) monitor_.trust(model, version);
  serving_[model] = version;
}

void Follower::read_baseline(const std::string& model, int64_t version) {
  Result<std::string> bytes = store_.read(model, version, "baseline.json");
  if (!bytes.ok()) return;
  Result<Json> json = Json::parse(*bytes);
  Result<Baseline> baseline = json.ok() ? Baseline::from_json(*json) : Result<Baseline>(json.status());
  if (baseline.ok()) {
    monitor_.set_baseline(model, version, std::make_shared<const Baseline>(*std::move(baseline)));
  } else {
    log_(fmt::format("model {} version {}: baseline.json: {}; its answers are watched without it", model, version,
                     baseline.status().message()));
  }
}

std::shared_ptr<const Holdout> Follower::read_holdout(const std::string& model, int64_t version) {
  Result<std::string> bytes = store_.read(model, version, kHoldoutFile);
  if (!bytes.ok()) return nullptr;
  Result<Holdout> holdout = parse_holdout(*bytes, kHoldoutFile);
  if (holdout.ok()) return std::make_shared<const Holdout>(*std::move(holdout));
  log_(fmt::format("model {} version {}: {}; versions are compared without it", model, version,
                   holdout.status().message()));
  return nullptr;
}

void Follower::compare(const std::string& model, int64_t before, int64_t now) {
  int64_t& with = compared_with_[{model, now}];
  if (with == before) return;
  std::optional<Contender> old = find_(model, before);
  std::optional<Contender> young = find_(model, now);
  if (!old || !young) return;  // not loaded yet
  with = before;
  // The examples that came with the older version are no choice of the newer one's.
  std::shared_ptr<const Holdout> holdout = read_holdout(model, before);
  if (holdout == nullptr) holdout = read_holdout(model, now);
  trials_.begin(model, *std::move(old), *std::move(young), std::move(holdout));
}

}  // namespace slipway
