// Version policy: production, the one before it and the latest are wanted; who serves is the best one available.
#include "serve/version_policy.h"

#include <algorithm>

namespace slipway {

namespace {

const HeldVersion* find(std::span<const HeldVersion> held, int64_t version) {
  auto it = std::ranges::find(held, version, &HeldVersion::version);
  return it == held.end() ? nullptr : &*it;
}

bool failed(std::span<const HeldVersion> held, int64_t version) {
  const HeldVersion* h = find(held, version);
  return h != nullptr && h->state == VersionState::end && h->failures > 0;
}

class Planner {
 public:
  Planner(const PublishedModel& published, std::span<const HeldVersion> held) : published_(published), held_(held) {}

  std::vector<int64_t> wanted() const {
    std::vector<int64_t> wanted;
    auto want = [&](int64_t version) {
      bool there = is_published(version) && (published_.has(version) || find(held_, version) == nullptr);
      if (version != 0 && there && std::ranges::find(wanted, version) == wanted.end()) {
        wanted.push_back(version);
      }
    };
    want(published_.production);
    want(previous());
    want(latest());
    return wanted;
  }

  int64_t serve(int64_t serving) const {
    if (available(published_.production)) return published_.production;
    bool rejected = published_.rejected.contains(serving);
    if (serving != 0 && available(serving) && !rejected && published_.production != 0) return serving;
    for (auto it = published_.history.rbegin(); it != published_.history.rend(); ++it) {
      if (available(*it) && !published_.rejected.contains(*it)) return *it;
    }
    if (published_.production == 0) {
      int64_t newest = 0;
      for (const HeldVersion& h : held_) {
        if (available(h.version) && !published_.rejected.contains(h.version)) newest = std::max(newest, h.version);
      }
      if (newest != 0) return newest;
    }
    return available(serving) ? serving : 0;
  }

 private:
  // Loaded, and still in the store.
  bool available(int64_t version) const {
    const HeldVersion* h = find(held_, version);
    return h != nullptr && h->state == VersionState::available && published_.has(version);
  }

  bool is_published(int64_t version) const {
    return std::ranges::find(published_.versions, version) != published_.versions.end();
  }

  // The newest past production version that could take over.
  int64_t previous() const {
    for (auto it = published_.history.rbegin(); it != published_.history.rend(); ++it) {
      bool usable = *it != published_.production && is_published(*it) && !published_.rejected.contains(*it);
      if (usable && !failed(held_, *it)) return *it;
    }
    return 0;
  }

  int64_t latest() const {
    int64_t newest = 0;
    for (int64_t version : published_.versions) {
      if (!published_.rejected.contains(version)) newest = std::max(newest, version);
    }
    return newest;
  }

  const PublishedModel& published_;
  std::span<const HeldVersion> held_;
};

}  // namespace

bool PublishedModel::has(int64_t version) const {
  return std::ranges::find(versions, version) != versions.end() && !missing.contains(version);
}

const char* state_name(VersionState state) {
  switch (state) {
    case VersionState::unknown: return "UNKNOWN";
    case VersionState::start: return "START";
    case VersionState::loading: return "LOADING";
    case VersionState::available: return "AVAILABLE";
    case VersionState::unloading: return "UNLOADING";
    case VersionState::end: return "END";
  }
  return "UNKNOWN";
}

int64_t retry_pause_ns(int failures) { return int64_t{1'000'000'000} << std::clamp(failures - 1, 0, 6); }

VersionPlan plan_versions(const PublishedModel& published, std::span<const HeldVersion> held, int64_t serving,
                          int64_t now_ns) {
  Planner planner(published, held);
  VersionPlan plan;
  plan.serve = planner.serve(serving);
  std::vector<int64_t> wanted = planner.wanted();
  for (int64_t version : wanted) {
    const HeldVersion* h = find(held, version);
    bool fresh = h == nullptr || (h->state == VersionState::end && h->failures == 0);
    bool again = h != nullptr && h->state == VersionState::end && h->failures > 0 && h->failures < kMaxLoadAttempts &&
                 now_ns >= h->retry_at_ns;
    if (fresh || again) plan.load.push_back(version);
  }
  for (const HeldVersion& h : held) {
    bool needed =
        h.version == plan.serve || (published.has(h.version) && std::ranges::find(wanted, h.version) != wanted.end());
    if (h.state == VersionState::available && !needed) plan.unload.push_back(h.version);
  }
  std::ranges::sort(plan.unload);
  return plan;
}

}  // namespace slipway
